"""The parts of the thesis: their experiments, reduced sizes, figures and expected values."""

import dataclasses
from collections.abc import Callable

from checks import cells, losses, mean, observable, read

# T = 50 with betas x 20 has the thesis's alpha_bar at t = 20 t'; few images, so that a part takes seconds.
SHORT = ["schedule.timesteps=50", "schedule.beta_start=2e-3", "schedule.beta_end=0.4"]
FEW = ["data.train_limit=2000", "data.test_limit=500"]
RETURNS = "figures.reconstruction_t=[15, 25, 29, 33, 42]"
UNLEARNED = "noise: in 80 batches machines of the thesis's form learn little, and the chain amplifies what they leave"
# The thesis's form needs hours before its chain generates: where samples are the point, a reduced run has a Wiener skip.
GENERATING = ["model.skip=wiener", "model.hidden=100", "train.learning_rate=3e-3", "train.epochs=6"]
REDUCED = [*SHORT, *FEW, RETURNS, "figures.reconstruction_images=40", "sample.count=200", "train.learning_rate=1e-3"]


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure: its stable name, where the run has it (a glob without the ending), what a reader should see, and what
    of a reduced run where that is not the same."""

    name: str
    source: str
    see: str
    see_reduced: str = ""

    def shows(self, quick):
        return self.see_reduced if quick and self.see_reduced else self.see


@dataclasses.dataclass(frozen=True)
class Part:
    """A part: `expected(run, quick)` yields (what, measured, low, high)."""

    name: str
    figures: list[Figure]
    expected: Callable
    settings: list[str] = dataclasses.field(default_factory=list)
    timesteps: str | None = None

    def arguments(self, quick):
        """What reduces its size."""
        if not quick:
            return []
        chosen = ["--timesteps", self.timesteps] if self.timesteps else []
        return [*chosen, *(item for setting in self.settings for item in ("--set", setting))]


def figures(*rows):
    return [Figure(*row) for row in rows]


def mnist_1700(run, quick):
    loss = losses(run)
    yield "eps-MSE at t = T, where x_T is eps", loss[max(loss)], 0, 0.95 if quick else 0.06
    if not quick:
        yield "test MSE at t = 100 after 10 epochs or more", loss[100], 0, 0.20
        yield "test MSE at t = 500 after 10 epochs or more", loss[500], 0, 0.026


def shares(run, split):
    """{u: the share of reversals that change class}."""
    rows = [row for row in read(run / "reconstructions.csv") if row["split"] == split]
    return {int(row["u"]): float(row["changed"]) for row in rows}


def mnist_100(run, quick):
    yield "lowest test MSE of all t (floor 1 - H/d = 0.8724)", min(losses(run).values()), 0.870, 1.0
    yield "share of generated pixels beyond [-1.45, 1.45]", overshooting(run), 0.3, 1.0


def overshooting(run):
    """The share of generated pixels in the open bins at the ends of the histogram."""
    counts = [int(row["count"]) for row in read(run / "pixel_histogram.csv") if row["split"] == "generated"]
    return (counts[0] + counts[-1]) / sum(counts)


def digit_1(run, quick):
    loss = losses(run)
    yield "eps-MSE at t = T, where x_T is eps", loss[max(loss)], 0, 0.6 if quick else 0.06


def loss_weighting(sweep, quick):
    simple, variational, accidental = (losses(cell) for cell in cells(sweep))
    for name, other in [("variational", variational), ("accidental", accidental)]:
        worst = max(abs(other[t] - simple[t]) for t in simple)
        yield f"largest difference of test MSE, {name} and simple", worst, 0, 0.01 if quick else 0.003


def stopping(sweep, quick):
    plain, minimum, _ = cells(sweep)
    kept = {row["t"]: int(row["kept"]) for row in read(minimum / "training.csv")}
    of_plain = losses(plain)
    excess = max(losses(minimum)[t] - of_plain[t] for t in of_plain)
    yield "test MSE at the minimum less that of the last epoch, at most", excess, -1, 0
    yield "epochs to the minimum, mean over t", mean(kept.values()), 1, 300


def hidden(sweep, quick):
    of_width = [losses(cell) for cell in cells(sweep)]
    last = max(of_width[0])
    yield "test MSE at the largest t, H = 100 (floor 0.8724)", of_width[0][last], 0.870, 1.0
    yield "the same, widest over narrowest", of_width[-1][last] / of_width[0][last], 0, 0.7


def forward(run, quick):
    yield "alpha_bar_T", float(read(run / "schedule.csv")[-1]["alpha_bar"]), 4.03e-5, 4.05e-5


def forward_T100(run, quick):
    yield "alpha_bar_T", float(read(run / "schedule.csv")[-1]["alpha_bar"]), 0.3635, 0.3645


def sampling(sweep, quick):
    first, last = cells(sweep)[0], cells(sweep)[-1]
    same = max(abs(losses(first)[t] - losses(last)[t]) for t in losses(first))
    yield "difference of test MSE between cells, which share machines", same, 0, 0


def conditioned(sweep, quick):
    bank, one = (losses(cell) for cell in cells(sweep))
    yield "timesteps with a loss of both", len(bank.keys() & one.keys()), len(bank), len(bank)
    yield "mean test MSE, one machine over the bank", mean(one.values()) / mean(bank.values()), 0.2, 1.1


def linear(sweep, quick):
    delta, gradient = (losses(cell) for cell in cells(sweep))
    last = max(delta)
    yield "lowest test MSE, exact gradient (floor 0.1622)", min(gradient.values()), 0.160, 1
    yield "delta rule's loss over the gradient's at the last t", delta[last] / gradient[last], 0.3, 3


def swiss_roll(sweep, quick):
    scratch, warm = (losses(cell) for cell in cells(sweep))
    yield "test MSE at t = 1 (exact floor 0.498)", scratch[1], 0.49, 1.05
    yield "mean test MSE, warm start over from scratch", mean(warm.values()) / mean(scratch.values()), 0.5, 1.1
    if not quick:
        for t, low, high in [(10, 0.49, 0.60), (100, 0.65, 0.69), (500, 0.0275, 0.032)]:
            yield f"test MSE at t = {t}", scratch[t], low, high


def cubic(sweep, quick):
    clean, noisy = (losses(cell)[1] for cell in cells(sweep))
    yield "test MSE, clean", clean, 0, 1e-3
    yield "test MSE, noisy (0.1^2 = 0.01 and the clean one)", noisy, 0.0085, 0.0125


def transitions(sweep, quick):
    wiener = cells(sweep)[1]
    changed = shares(wiener, "test")
    yield "share of reversals from 0.3 T that change class", changed[min(changed)], 0, 0.1
    yield "share of reversals from 0.84 T that change class", changed[max(changed)], 0.3, 0.7
    turns = observable(wiener, "uturn", "phi_u", "machines")
    yield "U-turns that keep their class at the smallest t, Wiener skip", turns[min(turns)], 0.95, 1
    yield "the same at the largest t (chance: about 1/2)", turns[max(turns)], 0.35, 0.65
    memorised = observable(wiener, "memorisation", "uturn_memorised", "machines")
    yield "U-turns that end on a training image, Wiener skip, at most", max(memorised.values()), 0, 0.1


PARTS = [
    Part(
        "mnist_1700",
        figures(
            ("algorithm", "figures/algorithm", "the training and sampling algorithms with this run's own settings"),
            ("loss_vs_t", "figures/loss_vs_t", "one machine a timestep over the best linear predictor, which it reaches nowhere at large t"),
            ("thesis_sample_grid", "figures/sample_grid", "generated beside real digits: the digits are there, with white noise left in them", UNLEARNED),
            ("thesis_reverse_strip", "figures/reverse_strip", "the same samples on their way out of noise", UNLEARNED),
            ("thesis_reconstruction", "figures/reconstruction", "reversals from u keep the class for small u and lose it for large u", UNLEARNED),
        ),
        mnist_1700,
        [*REDUCED, "schedule.timesteps=25", "schedule.beta_start=4e-3", "schedule.beta_end=0.8"]
        + ["figures.reconstruction_t=[8, 13, 14, 16, 21]", "data.train_limit=1000", "model.hidden=800", "train.epochs=4"],
    ),
    Part(
        "mnist_100",
        figures(
            ("rank_floor", "figures/loss_vs_t", "no machine below 1 - H/d = 0.8724"),
            ("rank_floor_samples", "figures/sample_grid", "a chain that diverges: what no machine predicts is amplified"),
        ),
        mnist_100,
        [*REDUCED, "figures.reconstruction_images=0", "train.epochs=6"],
    ),
    Part(
        "digit_1",
        figures(
            ("digit_1_loss_vs_t", "figures/loss_vs_t", "lower losses than with two digits"),
            ("digit_1_sample_grid", "figures/sample_grid", "ones, and nothing to commit to"),
        ),
        digit_1,
        [*REDUCED, *GENERATING],
    ),
    Part(
        "all_digits",
        figures(
            ("all_digits_loss_vs_t", "figures/loss_vs_t", "higher losses than with two digits"),
            ("all_digits_sample_grid", "figures/sample_grid", "samples of all ten classes"),
            ("all_digits_reconstruction", "figures/reconstruction", "reversals that turn into similar digits first"),
        ),
        digit_1,
        [*REDUCED, *GENERATING],
    ),
    Part(
        "loss_weighting",
        figures(("loss_weighting", "figures/sweep_train_loss", "three weights, one curve: within 0.003 of each other")),
        loss_weighting,
        [*FEW, "model.hidden=100", "train.learning_rate=1e-3"],
        "2,10,50,100,300,500,700,1000",
    ),
    Part(
        "stopping",
        figures(
            ("loss_vs_epoch", "cells/001_*/figures/loss_vs_epoch", "train (solid) and test (dashed) losses, epoch by epoch"),
            ("test_loss_variance", "cells/003_*/figures/test_loss_variance", "the variance of the last six test losses falls below the tolerance"),
            ("epochs_to_minimum", "cells/002_*/figures/epochs_to_minimum", "the epoch of the lowest test loss at each t"),
            ("stopping", "figures/sweep_train_stop", "what stopping at the minimum gains, and stopping by tolerance loses"),
        ),
        stopping,
        [*FEW, "model.hidden=100", "train.epochs=30", "train.learning_rate=1e-3"],
        "1,10,50,100,300,500,700,1000",
    ),
    Part(
        "hidden",
        figures(("hidden", "figures/sweep_model_hidden", "floors of 1 - H/d below H = 784, none above; learning curves for each t")),
        hidden,
        ["data.train_limit=1000", "data.test_limit=500", "train.epochs=6", "train.learning_rate=1e-3"]
        + ["sweep.axes.model.hidden=[100, 200, 400, 800, 1200]"],
        "10,300,1000",
    ),
    Part(
        "forward",
        figures(
            ("forward_strip", "figures/forward_strip", "digits on their way into noise along one path, gone to the eye by t = T/2"),
            ("forward_agreement", "figures/forward_agreement", "step by step and in one jump agree within their errors"),
            ("noise_histogram", "figures/noise_histogram", "x_T on the Gaussian, on a logarithmic scale"),
        ),
        forward,
        ["analysis.trajectories=200", "analysis.times=12"],
    ),
    Part(
        "forward_T100",
        figures(("noise_histogram_T100", "figures/noise_histogram", "alpha_bar_T = 0.364: no Gaussian, but the mixture with the data")),
        forward_T100,
        ["analysis.trajectories=200"],
    ),
    Part(
        "sampling",
        figures(
            ("sampling_stride", "figures/sweep_sample_stride", "what a larger stride costs"),
            ("sampling_noiseless_steps", "figures/sweep_sample_noiseless_steps", "noise in the last step, in none of the last two"),
        ),
        sampling,
        [*REDUCED, "train.epochs=4", "model.hidden=50", 'sweep.axes.sample.stride=[1, 5]', "train.warm_epochs=2"],
    ),
    Part(
        "conditioned",
        figures(("conditioned", "figures/sweep_model_kind", "the bank beside one machine for all t on the same budget")),
        conditioned,
        [*SHORT, "data.train_limit=1000", "data.test_limit=300", "sample.count=100", "model.hidden=100", "train.epochs=4"]
        + ["train.learning_rate=1e-3", "figures.reconstruction_images=0"],
    ),
    Part(
        "linear",
        figures(
            ("linear", "figures/sweep_train_rule", "one sigmoid layer: the delta rule beside the exact gradient"),
            ("linear_loss_vs_t", "cells/002_*/figures/loss_vs_t", "no loss below the floor of an output in (-1, 1), 0.1622"),
        ),
        linear,
        ["schedule.timesteps=25", "schedule.beta_start=2e-3", "schedule.beta_end=0.4", "data.train_limit=1000"]
        + ["data.test_limit=300", "sample.count=100", "train.learning_rate=0.04"],
    ),
    Part(
        "swiss_roll",
        figures(
            ("swiss_roll", "figures/sweep_train_warm_start", "from scratch and from the trained neighbour, over the exact floor"),
            ("swiss_roll_forward", "cells/001_*/figures/swiss_roll_forward", "the spiral dissolves"),
            ("swiss_roll_reverse", "cells/001_*/figures/swiss_roll_reverse", "and forms again out of noise"),
            ("swiss_roll_returns", "cells/001_*/figures/swiss_roll_returns", "from given points: near for small u, anywhere on the spiral for large u"),
        ),
        swiss_roll,
        [*SHORT, "data.train_limit=4000", "data.test_limit=1000", "model.hidden=200", "train.anchor_spacing=5", "sample.count=1000", "figures.reconstruction_t=[5, 15]"]
        + ["train.learning_rate=[[1, 8e-3], [50, 4e-3]]"],
    ),
    Part(
        "cubic",
        figures(
            ("cubic_clean", "cells/001_*/figures/cubic_fit", "a fit of straight pieces with its kinks where the cubic bends"),
            ("cubic_noisy", "cells/002_*/figures/cubic_fit", "the same through noise: the error above the noise's own stays small"),
        ),
        cubic,
    ),
    Part(
        "transitions",
        figures(
            ("speciation_clones", "figures/sweep_model_skip_cloning", "clones part at the speciation time; thesis form beside Wiener skip beside exact"),
            ("speciation_uturns", "figures/sweep_model_skip_uturn", "U-turns keep their class below t_S"),
            ("collapse", "figures/sweep_model_skip_memorisation", "the memoriser collapses, the machines do not"),
            ("collapse_exact", "cells/002_*/figures/empirical_posterior", "when x_t belongs to one training image"),
            ("phase_diagram", "cells/002_*/figures/phase_diagram", "every transition time, predicted and measured"),
            ("reconstruction", "cells/002_*/figures/reconstruction", "no class changed from 0.3 T, half of them from 0.84 T"),
            ("sample_grid", "cells/002_*/figures/sample_grid", "generated beside real digits"),
            ("sample_birth", "cells/002_*/figures/sample_birth", "a film of sixteen samples being born"),
            ("reverse_strip", "cells/002_*/figures/reverse_strip", "samples on their way out of noise"),
            ("pixel_histogram", "cells/002_*/figures/pixel_histogram", "grey levels of generated and real images"),
            ("mean_image", "cells/002_*/figures/mean_image", "mean images and their profiles, generated and real"),
        ),
        transitions,
        [*SHORT, "data.train_limit=1000", "data.test_limit=500", "sample.count=200", "analysis.trajectories=100", "analysis.times=10", "analysis.resamples=100"]
        + ['sweep.axes.model.hidden=[400, 50]', 'sweep.axes.train.learning_rate=[1e-3, 3e-3]', "train.epochs=4"]
        + [RETURNS, "figures.reconstruction_images=40"],
    ),
]
