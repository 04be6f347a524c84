//! How many epochs a training is, at most, before any of it is done.

use std::fmt;

use crate::config::Train;
use schedule::{Schedule, Timestep};

/// Machines and their epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Machines that start from initial weights, and their epochs.
    cold: (usize, usize),
    /// Their epochs and measurements all together, and the fewest epochs of any.
    cold_epochs: usize,
    cold_evaluations: usize,
    fewest: usize,
    /// Machines that start from a neighbour, and their epochs.
    warm: (usize, usize),
    evaluate_every: usize,
    /// Whether a machine may end early.
    stops: bool,
}

impl Effort {
    pub(crate) fn of(train: &Train, schedule: &Schedule, timesteps: &[Timestep]) -> Self {
        let lineage = train.lineage(schedule);
        let warm = timesteps.iter().filter(|&&t| lineage.parent(t).is_some()).count();
        let cold = || timesteps.iter().filter(|&&t| lineage.parent(t).is_none()).map(|t| train.epochs_at(t.get()));
        Self {
            cold: (timesteps.len() - warm, train.epochs),
            cold_epochs: cold().sum(),
            cold_evaluations: cold().map(|epochs| epochs.div_ceil(train.evaluate_every)).sum(),
            fewest: cold().min().unwrap_or(train.epochs),
            warm: (warm, train.warm_start.map_or(0, |warm| warm.epochs)),
            evaluate_every: train.evaluate_every,
            stops: train.stop.ends_early(),
        }
    }

    /// Epochs of all machines together.
    pub(crate) fn epochs(self) -> usize {
        self.cold_epochs + self.warm.0 * self.warm.1
    }

    /// Measurements of the losses, of all machines together.
    pub(crate) fn evaluations(self) -> usize {
        let of = |(machines, epochs): (usize, usize)| machines * epochs.div_ceil(self.evaluate_every);
        self.cold_evaluations + of(self.warm)
    }
}

/// `20 epochs`, or `20 epochs (10 anchors) or 5 (90 others)`.
impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = if self.stops { "at most " } else { "" };
        match (self.cold, self.warm) {
            ((_, epochs), (0, _)) if self.fewest < epochs => write!(f, "{most}{} to {epochs} epochs", self.fewest),
            ((_, epochs), (0, _)) => write!(f, "{most}{epochs} epochs"),
            ((anchors, epochs), (others, fewer)) => {
                write!(f, "{most}{epochs} epochs ({anchors} anchors) or {fewer} ({others} others)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use schedule::{Law, LossWeight};
    use train::{Stop, WarmStart};

    use super::*;
    use crate::config::{Decay, OverT};

    #[test]
    fn epochs_and_evaluations_by_hand() {
        let schedule = Schedule::new(Law::Cosine, 12).unwrap();
        let timesteps: Vec<Timestep> = schedule.timesteps().collect();
        let mut train = Train {
            epochs: 20,
            effort: OverT::Constant(1.0),
            batch: 1,
            learning_rate: OverT::Constant(1.0),
            local_rate: 10.0,
            decay: Decay::None,
            loss: LossWeight::Simple,
            warm_start: None,
            validation: 0,
            evaluate_every: 1,
            stop: Stop::None,
        };
        let cold = Effort::of(&train, &schedule, &timesteps);
        assert_eq!((cold.epochs(), cold.evaluations(), cold.to_string().as_str()), (240, 240, "20 epochs"));
        train.warm_start = Some(WarmStart { spacing: 5, epochs: 3 });
        (train.evaluate_every, train.stop) = (6, Stop::TestVariance { tolerance: 1.0 });
        // Anchors 12, 7, 2: 3 x 20 + 9 x 3 epochs; after 6, 12, 18, 20 of them, and after 3.
        let warm = Effort::of(&train, &schedule, &timesteps);
        assert_eq!((warm.epochs(), warm.evaluations()), (87, 21));
        assert_eq!(warm.to_string(), "at most 20 epochs (3 anchors) or 3 (9 others)");
    }
}
