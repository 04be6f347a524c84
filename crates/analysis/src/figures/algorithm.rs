//! The algorithms of a run, written with its own settings.

use super::Figure;
use crate::plot::drawing::{Drawing, Rect, Stroke};
use crate::plot::formula::Formula;
use crate::plot::page::Page;
use crate::plot::palette::{GREY, INK};
use crate::recipe::Training;
use crate::{AnalysisError, Recipe, Run, RunFacts};

/// Font size of the lines, and their distance.
const SIZE: f64 = 11.0;
const LINE: f64 = 19.5;
/// Page units that a level of a loop is moved in.
const INDENT: f64 = 13.0;
const MARGIN: f64 = 6.0;

pub(super) struct Algorithm;

impl Figure for Algorithm {
    fn name(&self) -> &'static str {
        "algorithm"
    }

    fn reading(&self) -> &'static str {
        "What this run did, with its own settings: how the machine of each timestep was trained, and how the chain runs backwards from noise (after Ho, Jain and Abbeel 2020, algorithms 1 and 2)."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        // The box is about a machine with a hidden layer for each t, or an exact law.
        let other = run.facts.is_regression()
            || run.facts.is_conditioned()
            || (run.facts.exact_law().is_none() && run.facts.hidden == 0);
        let Some(recipe) = run.facts.recipe.as_ref().filter(|_| !other) else { return Ok(None) };
        let mut boxes = Vec::new();
        boxes.extend(recipe.training.as_ref().map(|training| Algorithmic {
            title: "*Algorithm 1*  Training".to_owned(),
            lines: training_lines(&run.facts, training),
        }));
        let number = boxes.len() + 1;
        let title =
            if number == 1 { "*Algorithm*  Sampling".to_owned() } else { format!("*Algorithm {number}*  Sampling") };
        boxes.push(Algorithmic { title, lines: sampling_lines(recipe) });
        let notes = notes(run, recipe);
        let tallest = boxes.iter().map(|one| one.lines.len()).max().unwrap_or(0) as f64;
        let height = 26.0 + tallest * LINE + 10.0;
        let mut drawing = page.drawing(2.0 * MARGIN + height + notes.len() as f64 * LINE + 14.0);
        let gap = 12.0;
        let width = (Page::WIDTH - 2.0 * MARGIN - gap) / 2.0;
        let start = if boxes.len() == 1 { (Page::WIDTH - width) / 2.0 } else { MARGIN };
        for (i, one) in boxes.iter().enumerate() {
            one.draw(&mut drawing, Rect { x: start + i as f64 * (width + gap), y: MARGIN, width, height });
        }
        for (i, note) in notes.iter().enumerate() {
            let y = 2.0 * MARGIN + height + (i as f64 + 0.8) * LINE;
            let note = Formula::of(note);
            let size = SIZE * ((Page::WIDTH - 2.0 * MARGIN - 12.0) / note.width(SIZE)).min(1.0);
            note.draw(&mut drawing, (MARGIN + 6.0, y), size, INK);
        }
        Ok(Some(drawing))
    }
}

/// A box of numbered lines, each with its level.
struct Algorithmic {
    title: String,
    lines: Vec<(usize, String)>,
}

impl Algorithmic {
    fn draw(&self, drawing: &mut Drawing, place: Rect) {
        let rule = |drawing: &mut Drawing, y: f64, width: f64| {
            drawing.line((place.x, y), (place.right(), y), Stroke::solid(INK, width));
        };
        rule(drawing, place.y, 1.6);
        rule(drawing, place.y + 24.0, 0.8);
        rule(drawing, place.bottom(), 1.6);
        Formula::of(&self.title).draw(drawing, (place.x + 6.0, place.y + 16.5), SIZE + 1.0, INK);
        for (i, (level, line)) in self.lines.iter().enumerate() {
            let y = place.y + 26.0 + (i as f64 + 0.78) * LINE;
            let number = Formula::of(&format!("{}:", i + 1));
            number.draw(drawing, (place.x + 22.0 - number.width(SIZE - 1.5), y), SIZE - 1.5, GREY);
            let line = Formula::of(line);
            // A line of unusual settings is set smaller rather than over the edge.
            let x = place.x + 28.0 + *level as f64 * INDENT;
            let size = SIZE * ((place.right() - x) / line.width(SIZE)).min(1.0);
            line.draw(drawing, (x, y), size, INK);
        }
    }
}

fn training_lines(facts: &RunFacts, training: &Training) -> Vec<(usize, String)> {
    let epochs = match training.stop.as_str() {
        "none" => format!("*for* epoch = 1, …, {} *do*", facts.epochs),
        "plateau" => format!("*for* epoch = 1, …, {} *until* validation loss settles *do*", facts.epochs),
        _ => format!("*for* epoch = 1, …, {} *until* test loss settles *do*", facts.epochs),
    };
    let start = match training.anchor_spacing {
        None => "W_{1}, b_{1}, W_{2}, b_{2} ← random initial values".to_owned(),
        Some(spacing) => format!("W_{{1}}, b_{{1}}, W_{{2}}, b_{{2}} ← its neighbour's (every {spacing}th t: random)"),
    };
    let weight = if training.loss == "simple" { "" } else { "λ_{t} " };
    let lines = [
        (0, "*for each* t = 1, …, T, each on its own, *do*".to_owned()),
        (1, start),
        (1, epochs),
        (2, format!("*for each* batch of {} training samples x_{{0}} *do*", training.batch)),
        (3, "ε ~ N(0, I), new for every sample and epoch".to_owned()),
        (3, "x_{t} = √{ᾱ_{t}} x_{0} + √{1 − ᾱ_{t}} ε".to_owned()),
        (3, format!("Adam step of rate η along −∇ {weight}|ε − ε\u{302}_{{t}}(x_{{t}})|^{{2}}")),
        (2, "*end for*".to_owned()),
        (1, "*end for*".to_owned()),
        (0, "*end for*".to_owned()),
    ];
    lines.to_vec()
}

fn sampling_lines(recipe: &Recipe) -> Vec<(usize, String)> {
    let (steps, before) = match recipe.stride {
        1 => ("t = T, …, 1".to_owned(), "t−1".to_owned()),
        stride => (format!("t = T, T − {stride}, T − {}, … > 0", 2 * stride), format!("t−{stride}")),
    };
    let step = match recipe.stride {
        1 => "x_{t−1} = (x_{t} − (1 − α_{t})/√{1 − ᾱ_{t}} ε\u{302}_{t}(x_{t}))/√{α_{t}} + σ_{t} z".to_owned(),
        _ => format!(
            "x_{{{before}}} = (x_{{t}} − (1 − a_{{t}})/√{{1 − ᾱ_{{t}}}} ε\u{302}_{{t}}(x_{{t}}))/√{{a_{{t}}}} + σ_{{t}} z"
        ),
    };
    let lines = [
        (0, "x_{T} ~ N(0, I)".to_owned()),
        (0, format!("*for* {steps} *do*")),
        (1, "z ~ N(0, I), but z = 0 in the last step".to_owned()),
        (1, step),
        (0, "*end for*".to_owned()),
        (0, "*return* x_{0}".to_owned()),
    ];
    lines.to_vec()
}

/// What the symbols stand for in this run.
fn notes(run: &Run, recipe: &Recipe) -> Vec<String> {
    let facts = &run.facts;
    let mut notes = model(facts);
    let ends = run.schedule.first().zip(run.schedule.last());
    let betas = ends.map_or_else(String::new, |(first, last)| {
        format!(", β_{{1}} = {} … β_{{T}} = {}", number(first.beta), number(last.beta))
    });
    notes.push(format!(
        "T = {}{betas} ({}),  α_{{t}} = 1 − β_{{t}},  ᾱ_{{t}} = α_{{1}} α_{{2}} … α_{{t}}",
        facts.timesteps, recipe.law
    ));
    notes.extend(recipe.training.as_ref().map(rate));
    let weighted = recipe.training.as_ref().filter(|training| training.loss != "simple");
    notes.extend(weighted.map(|training| match training.loss.as_str() {
        "variational" => "λ_{t}: the weight of the variational bound (Ho et al. 2020, eq. 12)".to_owned(),
        other => format!("λ_{{t}}: the loss weight {other}"),
    }));
    let (alpha, before) =
        if recipe.stride == 1 { ("α_{t}", "t−1".to_owned()) } else { ("a_{t}", format!("t−{}", recipe.stride)) };
    if recipe.stride > 1 {
        notes.push(format!("a_{{t}} = ᾱ_{{t}}/ᾱ_{{{before}}}: {} timesteps a step", recipe.stride));
    }
    notes.push(match facts.variance.as_str() {
        "beta" => format!("σ_{{t}}^{{2}} = 1 − {alpha}"),
        "optimal" => format!("σ_{{t}}^{{2}}: the covariance of q(x_{{{before}}} | x_{{t}}), from the slope of ε̂ along the noise"),
        _ => format!(
            "σ_{{t}}^{{2}} = (1 − {alpha}) (1 − ᾱ_{{{before}}})/(1 − ᾱ_{{t}}), the variance of q(x_{{{before}}} | x_{{t}}, x_{{0}})"
        ),
    });
    notes
}

/// What predicts the noise.
fn model(facts: &RunFacts) -> Vec<String> {
    if let Some(law) = facts.exact_law() {
        return vec![format!(
            "ε\u{302}_{{t}}(x) = E[ε | x_{{t}} = x]: the exact denoiser of the law ({law}); nothing was trained"
        )];
    }
    let (skip, what) = match facts.skip.as_str() {
        "none" => ("", None),
        "learned" => ("c_{t} x + ", Some("c_{t}: a number of its own for each t, trained with the weights")),
        _ => ("A_{t}(x) + ", Some("A_{t}: the best affine predictor of ε (Wiener), in closed form")),
    };
    let net = "W_{2} relu(W_{1} x + b_{1}) + b_{2}";
    let formula =
        format!("ε\u{302}_{{t}}(x) = {skip}{net}, {} hidden units, weights of its own for each t", facts.hidden);
    [formula].into_iter().chain(what.map(str::to_owned)).collect()
}

/// The learning rate over t and over the epochs.
fn rate(training: &Training) -> String {
    let over_t = match &training.learning_rate[..] {
        [(_, rate)] => number(*rate),
        knots => {
            let knot = |(t, rate): &(usize, f64)| format!("{} at t = {t}", number(*rate));
            let shown: Vec<String> = super::spread(knots, 4).iter().map(knot).collect();
            format!("{}, linear between", shown.join(", "))
        }
    };
    let decay = if training.decay == "cosine" { ", falling to 0 as half a cosine over the epochs" } else { "" };
    let warm = match (training.anchor_spacing, training.warm_epochs) {
        (Some(_), Some(epochs)) => format!("; {epochs} epochs after a neighbour"),
        _ => String::new(),
    };
    format!("η = {over_t}{decay}{warm}")
}

/// A number as a reader writes it: 0.02, 2 × 10⁻⁴.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || (1e-3..1e4).contains(&value.abs()) {
        // Four digits are what settings have.
        let rounded = format!("{value:.4}");
        return rounded.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let text = format!("{value:.3e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let power = format!("10^{{{}}}", exponent.replace('-', "−"));
    if mantissa == "1" { power } else { format!("{mantissa} × {power}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::fabricated;

    fn said(change: impl FnOnce(&mut RunFacts)) -> String {
        let dir = fabricated::images();
        let mut run = Run::read(dir.path()).unwrap();
        change(&mut run.facts);
        let page = Page::new(&run.facts).unwrap();
        let svg = Algorithm.draw(&run, &page).unwrap().map_or_else(String::new, |drawing| drawing.to_svg().unwrap());
        let texts = svg.split("<text").filter_map(|part| part.split_once('>')?.1.split_once('<')).map(|(text, _)| text);
        texts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_are_those_of_the_run() {
        let text = said(|_| {});
        for part in [
            "Algorithm 1",
            "Algorithm 2",
            "epoch = 1, …, 5",
            "batch of 50 training",
            "T = 100",
            "= 0.001 …",
            "= 0.2 (linear)",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let other = said(|facts| {
            let recipe = facts.recipe.as_mut().unwrap();
            recipe.stride = 5;
            let training = recipe.training.as_mut().unwrap();
            training.anchor_spacing = Some(10);
            training.learning_rate = vec![(1, 8e-3), (100, 2e-4)];
        });
        for part in ["every 10th t", "T − 5, T − 10", "0.008 at t = 1, 2 × 10", "5 timesteps a step"] {
            assert!(other.contains(part), "{part}: {other}");
        }
    }

    #[test]
    fn an_exact_law_was_not_trained() {
        let text = said(|facts| {
            facts.model = "mixture".to_owned();
            facts.recipe.as_mut().unwrap().training = None;
        });
        assert!(
            text.contains("Sampling") && !text.contains("Training") && text.contains("(mixture); nothing"),
            "{text}"
        );
        assert_eq!(said(|facts| facts.recipe = None), "");
    }

    #[test]
    fn numbers_are_written_for_readers() {
        let written = [0.02, 1e-3, 2e-4, 1e-4, 0.1 + 0.2, 20_000.0, 0.0].map(number);
        assert_eq!(written, ["0.02", "0.001", "2 × 10^{−4}", "10^{−4}", "0.3", "2 × 10^{4}", "0"]);
    }
}
