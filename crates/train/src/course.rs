//! The course of one machine's training, the same for every engine: its learning curve and its end.

use model::checkpoint::{History, Midway};
use model::{ClassReading, Weights};
use schedule::Timestep;

use crate::stopping::{Verdict, Watch};
use crate::{Job, Losses, MachineError, Observer, TrainError};

/// A machine's learning curve as it grows, and the rule that may end it.
#[derive(Debug)]
pub(crate) struct Course {
    t: Timestep,
    /// Whether the Wiener predictor's losses belong to the curve.
    wiener: bool,
    keeps_best: bool,
    watch: Watch,
    history: History,
}

impl Course {
    pub(crate) fn new(job: &Job<'_>, t: Timestep) -> Self {
        let stop = job.settings.stop;
        Self {
            t,
            wiener: job.config.skip.is_affine(),
            keeps_best: stop.keeps_best(),
            watch: Watch::new(stop),
            history: History::default(),
        }
    }

    /// The course that has left this learning curve, and whether it ends there.
    pub(crate) fn resumed(job: &Job<'_>, t: Timestep, history: History) -> (Self, bool) {
        let mut course = Self::new(job, t);
        let mut ended = false;
        // The rule has seen these losses, and is where it was once it has seen them again.
        for (i, (&train, &test)) in history.train.iter().zip(&history.test).enumerate() {
            let validation = history.validation.get(i).copied();
            let losses = Losses { train, validation, test, skip_test: f64::NAN, classes: None };
            ended = course.watch.see(losses).stop;
        }
        course.history = history;
        (course, ended)
    }

    /// Takes note of what a machine that is not trained yet knows of two classes.
    pub(crate) fn begun(&mut self, classes: Option<ClassReading>) {
        self.history.class_gain.extend(classes.map(|reading| reading.gain));
        self.history.class_offset.extend(classes.map(|reading| reading.offset));
    }

    /// Adds the evaluation after `epoch` to the curve.
    ///
    /// # Errors
    /// [`MachineError::NotFinite`] when a loss is not a number.
    pub(crate) fn evaluated(&mut self, epoch: usize, losses: Losses) -> Result<Verdict, MachineError> {
        let Losses { train, validation, test, skip_test, classes } = losses;
        if !(train.is_finite() && test.is_finite() && validation.is_none_or(f64::is_finite)) {
            return Err(MachineError::NotFinite { t: self.t.get(), epoch });
        }
        let verdict = self.watch.see(losses);
        self.begun(classes);
        let history = &mut self.history;
        history.epoch.push(epoch);
        history.train.push(train);
        history.test.push(test);
        history.validation.extend(validation);
        history.wiener_test.extend(self.wiener.then_some(skip_test));
        if verdict.best || !self.keeps_best {
            history.kept = epoch;
        }
        Ok(verdict)
    }

    /// The learning curve so far.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// The finished learning curve.
    pub(crate) fn into_history(self) -> History {
        self.history
    }
}

impl Job<'_> {
    /// Where the training of t was left, if it was.
    ///
    /// # Errors
    /// [`TrainError::Observer`] when it cannot be had, [`TrainError::Midway`] when it is of another shape.
    pub(crate) fn left_off(&self, t: Timestep, observer: &dyn Observer) -> Result<Option<Midway>, TrainError> {
        match observer.left_off(t).map_err(TrainError::Observer)? {
            Some(state) if !state.fits(self.config.at(t), self.set.inputs) => Err(TrainError::Midway { t: t.get() }),
            state => Ok(state),
        }
    }

    /// The weights that the training of t starts from: its neighbour's as finished, in scaled units, or drawn ones.
    ///
    /// # Errors
    /// [`TrainError::Observer`] when the neighbour cannot be had, or is of another shape.
    pub(crate) fn starting_weights(&self, t: Timestep, observer: &dyn Observer) -> Result<Weights, TrainError> {
        let Some(neighbour) = self.lineage().parent(t) else {
            return Ok(Weights::init(self.config, self.set.inputs, self.settings.seed, t));
        };
        let machine = observer.trained(neighbour).map_err(TrainError::Observer)?;
        let wiring = self.parametrisation(neighbour);
        let mut weights = wiring.weights(&machine);
        if weights.local.is_some() != self.config.at(t).local.is_some() {
            weights.local = Weights::init(self.config, self.set.inputs, self.settings.seed, t).local;
        }
        if machine.dim != wiring.dim || !weights.fits(self.config.at(t), self.set.inputs) {
            return Err(TrainError::Neighbour { t: t.get(), neighbour: neighbour.get() });
        }
        Ok(weights)
    }
}
