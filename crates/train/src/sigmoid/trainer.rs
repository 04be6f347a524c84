//! One layer of sigmoids, its buffers, and the training of one epoch.

use data::linalg::{View, multiply};
use model::{Parametrisation, Predictor, SigmoidLayer};
use schedule::Timestep;

use super::Rule;
use crate::epoch::{Epoch, Split};
use crate::isa::Isa;
use crate::job::ErrorSums;
use crate::{Job, Losses};

/// Samples evaluated at a time.
const BLOCK: usize = 256;

/// A thread's layer in training; the buffers are reused from one timestep to the next.
pub(super) struct Trainer<'a> {
    job: &'a Job<'a>,
    rule: Rule,
    t: Timestep,
    wiring: Parametrisation,
    layer: SigmoidLayer,
    epoch: Epoch,
    rows: Rows,
}

/// The rows in work: `[rows, d]` each.
struct Rows {
    /// x_t.
    inputs: Vec<f32>,
    /// eps, then what moves the weights.
    errors: Vec<f32>,
    /// eps_hat.
    answers: Vec<f32>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(job: &'a Job<'a>, rule: Rule) -> Self {
        let (t, dim) = (job.schedule.last(), job.set.inputs);
        let room = || vec![0.0; BLOCK.max(job.settings.batch) * dim];
        Self {
            job,
            rule,
            t,
            wiring: job.parametrisation(t),
            layer: SigmoidLayer::silent(dim),
            epoch: Epoch::new(Isa::detect()),
            rows: Rows { inputs: room(), errors: room(), answers: room() },
        }
    }

    /// Starts the layer of timestep t.
    pub(super) fn begin(&mut self, t: Timestep) {
        self.t = t;
        self.wiring = self.job.parametrisation(t);
        self.layer = SigmoidLayer::silent(self.job.set.inputs);
        self.epoch.begin(self.job, t);
    }

    /// The layer as trained so far.
    pub(super) fn layer(&self) -> SigmoidLayer {
        self.layer.clone()
    }

    /// Trains one epoch (1-based) and, if it is one of those to be evaluated, measures the losses.
    pub(super) fn epoch(&mut self, epoch: usize) -> Option<Losses> {
        self.epoch.restart(self.job, self.t, epoch);
        let (batch, steps) = (self.job.settings.batch, self.job.steps_per_epoch());
        for step in 0..steps {
            let len = self.load(Split::Train, step * batch, batch);
            let rate = self.job.learning_rate(self.t, (epoch - 1) * steps + step);
            let Rows { inputs, errors, answers } = &mut self.rows;
            descend(&mut self.layer, self.rule, rate, &inputs[..len], (&mut errors[..len], &mut answers[..len]));
        }
        self.job.evaluates(self.t, epoch).then(|| self.losses())
    }

    fn losses(&mut self) -> Losses {
        let set = self.job.set;
        let train = self.squares(Split::Train, set.train_len());
        let validation = self.squares(Split::Validation, set.validation_len());
        let test = self.squares(Split::Test, set.test_len());
        self.job.losses(&self.wiring, ErrorSums { train, validation, test, skip_test: 0.0 })
    }

    /// Loads x_t and eps of `rows` samples from position `first` of a split on; the numbers of each.
    fn load(&mut self, split: Split, first: usize, rows: usize) -> usize {
        let (set, len) = (self.job.set, rows * self.job.set.inputs);
        let Rows { inputs, errors, .. } = &mut self.rows;
        self.epoch.draw_to(set, split, first + rows);
        self.epoch.batch(set, &self.wiring, (split, first), &mut inputs[..len], &mut errors[..len]);
        len
    }

    /// The sum of (eps - eps_hat)^2 over the samples of a split.
    fn squares(&mut self, split: Split, samples: usize) -> f64 {
        let mut sum = 0.0;
        for first in (0..samples).step_by(BLOCK) {
            let len = self.load(split, first, BLOCK.min(samples - first));
            let Rows { inputs, errors, answers } = &mut self.rows;
            self.layer.eps_hat(&inputs[..len], &mut answers[..len]);
            let squares = errors[..len].iter().zip(&answers[..len]).map(|(eps, hat)| f64::from(eps - hat).powi(2));
            sum += squares.sum::<f64>();
        }
        sum
    }
}

/// One step on a batch.  inputs, errors: `[n, d]`, the errors holding eps and then what moves the weights; answers is
/// written to.
fn descend(
    layer: &mut SigmoidLayer,
    rule: Rule,
    rate: f64,
    inputs: &[f32],
    (errors, answers): (&mut [f32], &mut [f32]),
) {
    let d = layer.dim();
    let n = inputs.len() / d;
    layer.eps_hat(inputs, answers);
    let scale = (rate / n as f64) as f32;
    for (error, hat) in errors.iter_mut().zip(answers) {
        let slope = match rule {
            Rule::Delta => 1.0,
            Rule::Gradient => 0.5 * (1.0 - *hat * *hat),
        };
        *error = scale * slope * (*error - *hat);
    }
    multiply(&mut layer.w, View::new(inputs, n, d).transposed(), View::new(errors, n, d), 1.0);
    for row in errors.chunks_exact(d) {
        layer.b.iter_mut().zip(row).for_each(|(bias, step)| *bias += step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From scripts/make_reference/sigmoid_layer.py: W by rows and b after two steps.
    const DELTA: [f64; 12] = [
        0.161180463419,
        -0.016985217995,
        -0.048146571417,
        -0.068015188587,
        -0.170412514744,
        0.086386944212,
        0.068318084532,
        0.0328901558,
        0.054679348112,
        0.816168454562,
        -0.116039102222,
        -0.584309585592,
    ];
    const GRADIENT: [f64; 12] = [
        0.132362131901,
        0.014545285043,
        -0.044532459851,
        -0.082780293672,
        -0.123658483701,
        0.060200390041,
        0.081181175403,
        0.051882274324,
        0.022767925343,
        0.478051877024,
        -0.155238639315,
        -0.16882219453,
    ];

    /// 4 rows of 3 coordinates, and a layer to begin with.
    fn problem() -> (SigmoidLayer, Vec<f32>, Vec<f32>) {
        let wave = |n: usize, of: fn(f64) -> f64| (0..n).map(|i| of(i as f64) as f32).collect::<Vec<f32>>();
        let layer = SigmoidLayer { w: wave(9, |i| 0.1 * i.cos()), b: vec![0.1, -0.2, 0.3] };
        (layer, wave(12, |i| (1.0 + i).sin()), wave(12, |i| (2.0 * i).cos()))
    }

    fn step(layer: &mut SigmoidLayer, rule: Rule, rate: f64) {
        let (_, inputs, eps) = problem();
        descend(layer, rule, rate, &inputs, (&mut eps.clone(), &mut [0.0; 12]));
    }

    #[test]
    fn two_steps_of_either_rule_are_those_of_numpy() {
        for (rule, expected) in [(Rule::Delta, DELTA), (Rule::Gradient, GRADIENT)] {
            let (mut layer, ..) = problem();
            step(&mut layer, rule, 0.5);
            step(&mut layer, rule, 0.5);
            for (found, expected) in layer.w.iter().chain(&layer.b).zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-6, "{rule:?}: {found} {expected}");
            }
        }
    }

    /// The mean over rows of |eps - eps_hat|^2 / 2, all in f64.
    fn loss(parameters: &[f64]) -> f64 {
        let (_, inputs, eps) = problem();
        let rows = inputs.chunks_exact(3).zip(eps.chunks_exact(3));
        let of_row = |(x, eps): (&[f32], &[f32])| -> f64 {
            let error = |j: usize| {
                let sum = parameters[9 + j] + (0..3).map(|i| f64::from(x[i]) * parameters[3 * i + j]).sum::<f64>();
                f64::from(eps[j]) - 2.0 * (1.0 / (1.0 + (-sum).exp()) - 0.5)
            };
            0.5 * (0..3).map(|j| error(j).powi(2)).sum::<f64>()
        };
        rows.map(of_row).sum::<f64>() / 4.0
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences_and_the_delta_rule_is_not() {
        let (before, ..) = problem();
        let parameters: Vec<f64> = before.w.iter().chain(&before.b).map(|&v| f64::from(v)).collect();
        let slope = |i: usize| {
            let moved = |by: f64| {
                let mut parameters = parameters.clone();
                parameters[i] += by;
                loss(&parameters)
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        };
        let farthest = |rule| {
            let mut layer = before.clone();
            step(&mut layer, rule, 1.0);
            let moved =
                layer.w.iter().chain(&layer.b).zip(&parameters).map(|(after, before)| f64::from(*after) - before);
            moved.enumerate().map(|(i, step)| (step + slope(i)).abs()).fold(0.0, f64::max)
        };
        assert!(farthest(Rule::Gradient) < 1e-6, "{}", farthest(Rule::Gradient));
        assert!(farthest(Rule::Delta) > 0.1, "{}", farthest(Rule::Delta));
    }
}
