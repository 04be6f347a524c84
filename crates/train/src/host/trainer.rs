//! One machine's weights, moments and buffers, and the training of one epoch.

mod class_reading;
mod conditioned;

use model::checkpoint::{History, Midway};
use model::{Parametrisation, SkipKind, Weights};
use schedule::Timestep;

use super::batch::{Batch, Levels};
use super::kernels::{self, AdamStep};
use super::local::LocalTrainer;
use super::panels::{PAD, Rows, padded, row_stride};
use super::product::{Start, Then, product};
use super::upcoming::Upcoming;
use super::weighted::{Transposed, Weighted};
use crate::epoch::{Epoch, Split};
use crate::gauge::Gauge;
use crate::isa::Isa;
use crate::job::ErrorSums;
use crate::{Job, Losses};

/// Samples evaluated at a time: enough that reading the weights costs little, few enough for the second-level cache.
pub(crate) const EVALUATION_BLOCK: usize = 100;

/// Cache lines of the next batch that a register tile asks for, enough for narrow nets (H = 50).
const LINES_IN_TRAINING: usize = 10;
/// The same in evaluation, which has fewer tiles for its rows.
const LINES_IN_EVALUATION: usize = 36;

/// A thread's machine in training; the buffers are reused from one timestep to the next.
pub(crate) struct Trainer<'a> {
    job: &'a Job<'a>,
    isa: Isa,
    t: Timestep,
    wiring: Parametrisation,
    levels: Levels,
    /// r, the inputs and outputs of the net; one more than those of the samples where the time is one.
    inputs: usize,
    /// a <= r, those that dense units see and correct.
    seen: usize,
    /// `[a, H]`.
    w1: Weighted,
    /// `[1, H]`.
    b1: Weighted,
    /// `[H, a]`.
    w2: Weighted,
    /// `[a, H]`.
    w2_transposed: Transposed,
    /// `[1, r]`.
    b2: Weighted,
    /// `[1, 0]`, `[1, 1]` or `[1, r]`.
    gains: Weighted,
    /// The same times their units, what z is multiplied by.
    gains_in_use: Vec<f32>,
    /// Room for local units, and whether the present machine has any.
    local: Option<LocalTrainer>,
    has_local: bool,
    epoch: Epoch,
    batch: Batch,
    upcoming: Upcoming,
    /// Gradients of the biases and of the gains.
    narrow_gradient: Vec<f32>,
    wide_gradient: Vec<f32>,
    gains_gradient: Vec<f32>,
    /// Sums of squared errors of the rows in evaluation, `[rows, PAD]`.
    squares: Vec<f32>,
    /// Samples evaluated at a time.
    block: usize,
    gauge: Option<Gauge<'a>>,
}

impl<'a> Trainer<'a> {
    /// A trainer that evaluates `block` samples at a time.
    pub(crate) fn new(job: &'a Job<'a>, isa: Isa, block: usize) -> Self {
        Self::with_inputs(job, isa, block, (job.set.inputs, Levels::Wired))
    }

    fn with_inputs(job: &'a Job<'a>, isa: Isa, block: usize, (inputs, levels): (usize, Levels)) -> Self {
        let (r, a, h) = (inputs, job.config.seen(inputs), job.config.hidden);
        let t = job.schedule.last();
        Self {
            job,
            isa,
            t,
            wiring: job.parametrisation(t),
            levels,
            inputs,
            seen: a,
            w1: Weighted::new(a, h),
            b1: Weighted::new(1, h),
            w2: Weighted::new(h, a),
            w2_transposed: Transposed::new(h, a),
            b2: Weighted::new(1, r),
            gains: Weighted::new(1, job.config.gains(inputs)),
            gains_in_use: vec![0.0; job.config.gains(inputs)],
            local: local(job, isa, block),
            has_local: false,
            epoch: Epoch::new(isa),
            batch: Batch::new(block.max(job.settings.batch), (r, a), h),
            upcoming: Upcoming::default(),
            narrow_gradient: vec![0.0; padded(h)],
            wide_gradient: vec![0.0; padded(r)],
            gains_gradient: vec![0.0; padded(job.config.gains(inputs))],
            squares: vec![0.0; block * PAD],
            block,
            gauge: None,
        }
    }

    /// Starts the machine of timestep t from these weights.
    pub(crate) fn begin(&mut self, t: Timestep, weights: &Weights) {
        self.t = t;
        self.wiring = self.job.parametrisation(t);
        self.epoch.begin(self.job, t);
        self.gauge = Gauge::new(self.job, &self.wiring);
        self.w1.reset(&weights.w1);
        self.b1.reset(&weights.b1);
        self.w2.reset(&weights.w2);
        self.w2_transposed.reset(&weights.w2);
        self.b2.reset(&weights.b2);
        self.gains.reset(&weights.gains);
        self.use_gains();
        self.has_local = weights.local.is_some();
        if let (Some(local), Some(units)) = (&mut self.local, &weights.local) {
            local.begin(self.wiring.signal, units);
        }
    }

    /// Goes on with the machine of timestep t where it was left.
    pub(crate) fn resume(&mut self, t: Timestep, state: &Midway) {
        self.begin(t, &state.weights);
        let Midway { first, second, .. } = state;
        self.w1.set_moments(&first.w1, &second.w1);
        self.b1.set_moments(&first.b1, &second.b1);
        self.w2.set_moments(&first.w2, &second.w2);
        self.b2.set_moments(&first.b2, &second.b2);
        self.gains.set_moments(&first.gains, &second.gains);
        if let (Some(local), Some(first), Some(second)) = (&mut self.local, &first.local, &second.local) {
            local.set_moments(first, second);
        }
    }

    /// The state after `done` epochs.
    pub(crate) fn midway(&self, done: usize, best: Option<Weights>, history: History) -> Midway {
        Midway {
            done,
            weights: self.weights(),
            first: self.dense(Weighted::first_moment),
            second: self.dense(Weighted::second_moment),
            best,
            history,
        }
    }

    /// Trains one epoch (1-based) and, if it is one of those to be evaluated, measures the losses.
    pub(crate) fn epoch(&mut self, epoch: usize) -> Option<Losses> {
        self.epoch.restart(self.job, self.t, epoch);
        let before = (epoch - 1) * self.job.steps_per_epoch();
        self.walk(|trainer, step| trainer.step(before + step));
        self.job.evaluates(self.t, epoch).then(|| self.losses())
    }

    /// Loads batch after batch of the epoch and takes a step on each.
    fn walk(&mut self, mut step: impl FnMut(&mut Self, usize)) {
        let (steps, rows) = (self.job.steps_per_epoch(), self.job.settings.batch);
        for i in 0..steps {
            self.load(Split::Train, i * rows, rows);
            let next = (i + 1) * rows;
            self.announce(LINES_IN_TRAINING, Split::Train, next..(next + rows).min(steps * rows));
            step(self, i);
        }
    }

    fn losses(&mut self) -> Losses {
        let (train, _) = self.evaluate(Split::Train, self.job.set.train_len());
        let (test, skip_test) = self.evaluate(Split::Test, self.job.set.test_len());
        let (validation, _) = self.evaluate(Split::Validation, self.job.set.validation_len());
        let losses = self.job.losses(&self.wiring, ErrorSums { train, validation, test, skip_test });
        Losses { classes: self.class_reading(), ..losses }
    }

    /// The weights as trained so far, in scaled units.
    pub(crate) fn weights(&self) -> Weights {
        self.dense(Weighted::dense)
    }

    /// How the net becomes eps_hat.
    pub(crate) fn wiring(&self) -> &Parametrisation {
        &self.wiring
    }

    fn dense(&self, part: fn(&Weighted) -> Vec<f32>) -> Weights {
        let [w1, b1, w2, b2, gains] = [&self.w1, &self.b1, &self.w2, &self.b2, &self.gains].map(part);
        Weights {
            w1,
            b1,
            w2,
            b2,
            gains,
            local: self.local.as_ref().filter(|_| self.has_local).map(|local| local.dense(part)),
        }
    }

    /// Loads `rows` samples from position `first` of a split on; returns the sum of u^2.
    pub(crate) fn load(&mut self, split: Split, first: usize, rows: usize) -> f64 {
        self.epoch.draw_to(self.job.set, split, first + rows);
        let (bias, gains) = (&self.b2.value, &self.gains_in_use);
        let source = (&self.epoch, self.job.set, &self.wiring, &self.levels);
        self.batch.load(self.isa, source, (split, first, rows), (bias, gains))
    }

    /// Has the samples and the noise of these positions fetched during the products to come.
    fn announce(&mut self, lines: usize, split: Split, positions: std::ops::Range<usize>) {
        let (epoch, set) = (&self.epoch, self.job.set);
        self.upcoming.announce(lines, positions.flat_map(|position| <[_; 2]>::from(epoch.pair(set, split, position))));
    }

    /// errors += what the local units answer, hidden = relu(z W1 + b1), then errors += hidden W2 for the loaded rows.
    fn forward(&mut self, rows: usize, evaluate: bool) {
        let Batch { inputs, errors, hidden, narrowed, .. } = &mut self.batch;
        let (r, a, h) = (self.inputs, self.seen, self.job.config.hidden);
        let isa = self.isa;
        if let Some(local) = self.local.as_mut().filter(|_| self.has_local) {
            local.add_answers(Rows { values: inputs, rows, cols: r }, errors);
        }
        if let Some(narrowed) = narrowed {
            narrowed.take_inputs(inputs, rows);
            narrowed.take_errors(errors, rows);
        }
        let seen = narrowed.as_ref().map_or(&*inputs, |narrowed| &narrowed.inputs);
        product(
            isa,
            Rows { values: seen, rows, cols: a },
            self.w1.matrix(),
            Start::Row(&self.b1.value),
            hidden,
            Then::Relu,
            &self.upcoming,
        );
        let then = if evaluate {
            self.squares[..rows * PAD].fill(0.0);
            Then::SumSquares(&mut self.squares)
        } else {
            self.wide_gradient.fill(0.0);
            Then::SumColumns(&mut self.wide_gradient)
        };
        let corrected = narrowed.as_mut().map_or(&mut *errors, |narrowed| &mut narrowed.errors);
        product(
            isa,
            Rows { values: hidden, rows, cols: h },
            self.w2.matrix(),
            Start::Itself,
            corrected,
            then,
            &self.upcoming,
        );
        let Some(narrowed) = narrowed else { return };
        let (errors, stride) = (&mut errors[..rows * row_stride(r)], row_stride(r));
        if evaluate {
            kernels::add_squares(isa, errors, stride, a, &mut self.squares);
        } else {
            kernels::add_column_sums(isa, errors, stride, a, &mut self.wide_gradient);
            narrowed.give_errors(errors, rows);
        }
    }

    /// One Adam step on the loaded batch; `step` counts from 0 over the machine's whole training.
    pub(crate) fn step(&mut self, step: usize) {
        // d/dx of factor * sum e^2 is 2 factor e dx: the constant goes into Adam's reading of the gradient.
        let (rate, factor) = (self.job.learning_rate(self.t, step), 2.0 * self.job.loss_factor(self.t));
        self.descend(|times| AdamStep::new(step, rate * times, factor));
    }

    /// One Adam step; `at` is Adam at so many times the learning rate.
    fn descend(&mut self, at: impl Fn(f64) -> AdamStep) {
        let (adam, adam_of_few) = (at(1.0), at(self.job.settings.local_rate));
        let (isa, rows) = (self.isa, self.job.settings.batch);
        let (r, a, h) = (self.inputs, self.seen, self.job.config.hidden);
        self.forward(rows, false);
        let Batch { inputs, errors, hidden, hidden_errors, narrowed } = &mut self.batch;
        let (seen, corrected) = match narrowed {
            Some(narrowed) => (&narrowed.inputs, &narrowed.errors),
            None => (&*inputs, &*errors),
        };
        let wide = |values| Rows { values, rows, cols: r };
        let dense = |values| Rows { values, rows, cols: a };
        let narrow = |values| Rows { values, rows, cols: h };
        self.narrow_gradient.fill(0.0);
        product(
            isa,
            dense(corrected),
            self.w2_transposed.matrix(),
            Start::Zero,
            hidden_errors,
            Then::MaskAndSumColumns(hidden, &mut self.narrow_gradient),
            &self.upcoming,
        );
        let transposed = Some(&mut self.w2_transposed);
        self.w2.descend(isa, (narrow(hidden), dense(corrected)), adam, transposed, &self.upcoming);
        self.w1.descend(isa, (dense(seen), narrow(hidden_errors)), adam, None, &self.upcoming);
        self.b1.descend_along(isa, &self.narrow_gradient, adam);
        self.b2.descend_along(isa, &self.wide_gradient, adam);
        if let Some(local) = self.local.as_mut().filter(|_| self.has_local) {
            local.descend(wide(errors), adam_of_few);
        }
        let len = rows * row_stride(r);
        match self.job.config.skip {
            SkipKind::None | SkipKind::Wiener => {}
            SkipKind::Learned => {
                self.gains_gradient[0] = kernels::dot(isa, &errors[..len], &inputs[..len]) as f32;
                self.gains.descend_along(isa, &self.gains_gradient, adam);
            }
            SkipKind::Diagonal => {
                kernels::column_dots(isa, &errors[..len], &inputs[..len], row_stride(r), &mut self.gains_gradient);
                let units = self.gains_gradient.iter_mut().zip(&self.wiring.gain_units);
                units.for_each(|(gradient, unit)| *gradient *= unit);
                self.gains.descend_along(isa, &self.gains_gradient, adam_of_few);
            }
        }
        self.use_gains();
    }

    /// Takes the gains as they are now into use.
    fn use_gains(&mut self) {
        let trained = self.gains.value.iter().zip(&self.wiring.gain_units);
        self.gains_in_use.iter_mut().zip(trained).for_each(|(gain, (value, unit))| *gain = value * unit);
    }

    /// Sums over the samples of a split of |net - u|^2 and |u|^2.
    fn evaluate(&mut self, split: Split, samples: usize) -> (f64, f64) {
        let (mut net, mut skip) = (0.0, 0.0);
        for first in (0..samples).step_by(self.block) {
            let rows = self.block.min(samples - first);
            skip += self.load(split, first, rows);
            let next = first + self.block;
            self.announce(LINES_IN_EVALUATION, split, next..(next + self.block).min(samples));
            self.forward(rows, true);
            for lanes in self.squares[..rows * PAD].as_chunks::<PAD>().0 {
                net += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
            }
        }
        (net, skip)
    }
}

/// The trainer of the local units, where the machines have any.
fn local(job: &Job<'_>, isa: Isa, block: usize) -> Option<LocalTrainer> {
    let (shape, canvas) = (job.config.local?, job.set.canvas.as_ref()?);
    Some(LocalTrainer::new(isa, shape, canvas, job.settings.batch, block))
}

#[cfg(test)]
mod tests {
    use data::{GaussianMixture, Pca};
    use model::{Machine, MachineConfig, Moments};
    use schedule::{Law, LossWeight, Schedule};

    use super::*;
    use crate::{Decay, Settings, Stop, TrainingSet};

    /// Two epochs of one machine of two clouds in `dim` dimensions: the machine and its last losses.
    fn trained(dim: usize, hidden: usize, isa: Isa, block: usize) -> (Machine, Losses) {
        let means = vec![vec![1.0; dim], vec![-0.5; dim]];
        let data = GaussianMixture { means, weights: vec![1.0, 2.0], std: 0.4, train: 203, test: 57, seed: 5 };
        let data = data.draw().unwrap();
        let schedule = Schedule::new(Law::Linear { beta_start: 5e-3, beta_end: 0.5 }, 20).unwrap();
        let eigenvalues = Pca::fit(&data.train).unwrap().eigenvalues;
        let settings = Settings {
            epochs: 2,
            batch: 30,
            learning_rates: vec![1e-2; 20],
            decay: Decay::Cosine,
            loss: LossWeight::Simple,
            warm_start: None,
            local_rate: 10.0,
            effort: Vec::new(),
            stop: Stop::None,
            evaluate_every: 1,
            seed: 3,
        };
        let job = Job {
            schedule: &schedule,
            config: MachineConfig::dense(hidden, SkipKind::Learned),
            moments: &Moments { eigenvalues, second_moment: 0.7 },
            set: &TrainingSet::new(&data.train, &data.test, dim),
            settings: &settings,
            classes: None,
        };
        let mut trainer = Trainer::new(&job, isa, block);
        let t = schedule.timestep(7).unwrap();
        trainer.begin(t, &Weights::init(job.config, dim, settings.seed, t));
        trainer.epoch(1);
        let losses = trainer.epoch(2).unwrap();
        (trainer.wiring().machine(&trainer.weights()), losses)
    }

    #[test]
    fn nothing_depends_on_the_samples_evaluated_at_a_time() {
        for isa in Isa::available() {
            let expected = trained(37, 19, isa, EVALUATION_BLOCK);
            for block in [1, 7, 30, 1000] {
                assert_eq!(trained(37, 19, isa, block), expected, "{isa:?} {block}");
            }
        }
    }

    #[test]
    fn every_instruction_set_trains_the_same_machine() {
        for (dim, hidden) in [(2, 1), (37, 19), (50, 130)] {
            let (reference, expected) = trained(dim, hidden, Isa::Portable, EVALUATION_BLOCK);
            for isa in Isa::available() {
                let (machine, losses) = trained(dim, hidden, isa, EVALUATION_BLOCK);
                let difference = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                let worst = difference(&machine.w1, &reference.w1).max(difference(&machine.w2, &reference.w2));
                assert!(worst < 2e-3, "{isa:?} {dim} {hidden}: weights differ by {worst}");
                for (loss, expected) in [(losses.train, expected.train), (losses.test, expected.test)] {
                    assert!((loss / expected - 1.0).abs() < 1e-4, "{isa:?} {dim} {hidden}: {loss} {expected}");
                }
            }
        }
    }
}
