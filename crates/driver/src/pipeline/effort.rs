//! How many epochs a training is, at most, before any of it is done.

use std::fmt;

use crate::config::Train;
use schedule::{Schedule, Timestep};

/// Machines and their epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Machines that start from initial weights, and their epochs.
    cold: (usize, usize),
    /// Machines that start from a neighbour, and their epochs.
    warm: (usize, usize),
    /// Epochs and measurements of all together.
    epochs: usize,
    evaluations: usize,
    /// Whether some have fewer epochs than the others of their kind.
    uneven: bool,
    /// Whether a machine may end early.
    stops: bool,
}

impl Effort {
    pub(crate) fn of(train: &Train, schedule: &Schedule, timesteps: &[Timestep]) -> Self {
        let lineage = train.lineage(schedule);
        let warm = timesteps.iter().filter(|&&t| lineage.parent(t).is_some()).count();
        let each = || timesteps.iter().map(|&t| train.epochs_at(t.get(), lineage.parent(t).is_some()));
        let (cold, warm) =
            ((timesteps.len() - warm, train.epochs), (warm, train.warm_start.map_or(0, |warm| warm.epochs)));
        let epochs = each().sum();
        Self {
            cold,
            warm,
            epochs,
            evaluations: each().map(|epochs| epochs.div_ceil(train.evaluate_every)).sum(),
            uneven: epochs < cold.0 * cold.1 + warm.0 * warm.1,
            stops: train.stop.ends_early(),
        }
    }

    /// Epochs of all machines together.
    pub(crate) fn epochs(self) -> usize {
        self.epochs
    }

    /// Measurements of the losses, of all machines together.
    pub(crate) fn evaluations(self) -> usize {
        self.evaluations
    }
}

/// `20 epochs`, or `20 epochs (10 anchors) or 5 (90 others)`; `up to` where some have fewer.
impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = match (self.stops, self.uneven) {
            (true, _) => "at most ",
            (false, true) => "up to ",
            (false, false) => "",
        };
        match (self.cold, self.warm) {
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
        // A third of them up to t = 6: 20 + 20 + 7 of the anchors, 4 x 3 + 5 x 1 of the others.
        train.effort = OverT::Knots(vec![(6, 0.34), (7, 1.0)]);
        train.stop = Stop::None;
        let uneven = Effort::of(&train, &schedule, &timesteps);
        assert_eq!((uneven.epochs(), uneven.evaluations()), (64, 4 + 4 + 2 + 9));
        assert_eq!(uneven.to_string(), "up to 20 epochs (3 anchors) or 3 (9 others)");
    }
}
