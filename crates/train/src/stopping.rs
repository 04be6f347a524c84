//! When a machine's training ends, and which epoch's weights it keeps.

use std::collections::VecDeque;

use crate::Losses;

/// Test losses whose variance the thesis's rule looks at.
const WINDOW: usize = 6;

/// The rule that ends a machine's training, and says which of its epochs is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// None: all epochs are trained and the last one is kept.
    None,
    /// Ends once the validation loss has not fallen by the relative `min_improvement` for `patience` evaluations; the
    /// evaluation with the lowest validation loss is kept, whether the training ended early or not.
    Plateau {
        /// Evaluations without an improvement, at least 1.
        patience: usize,
        /// An improvement is v < v_ref (1 - min_improvement), v_ref being the loss of the last improvement.
        min_improvement: f64,
    },
    /// The thesis's stop at the minimum: all epochs are trained, since only then it is known where the minimum was, and the
    /// evaluation with the lowest test loss is kept.  It looks at the test set, so its test losses are not those of unseen
    /// data: they are the least of many.
    Minimum,
    /// The thesis's rule: ends once (1/6) sum_i (l_i - mean)^2 over the last six test losses is below `tolerance`; the
    /// last epoch is kept.  It looks at the test set, so its test losses are not those of unseen data.
    TestVariance {
        /// The variance below which the training ends.
        tolerance: f64,
    },
}

/// What follows from an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The weights of this evaluation are the best so far and have to be kept.
    pub(crate) best: bool,
    /// The training ends here.
    pub(crate) stop: bool,
}

/// A stopping rule at work on one machine.
#[derive(Debug)]
pub(crate) struct Watch {
    rule: Stop,
    /// The lowest loss that the rule looks at, and that of the last improvement.
    lowest: f64,
    reference: f64,
    waited: usize,
    window: VecDeque<f64>,
}

impl Stop {
    /// Whether the evaluation of the lowest loss is kept, and not the last one.
    pub(crate) fn keeps_best(self) -> bool {
        matches!(self, Self::Plateau { .. } | Self::Minimum)
    }

    /// Whether it may end a training before its last epoch.
    pub fn ends_early(self) -> bool {
        matches!(self, Self::Plateau { .. } | Self::TestVariance { .. })
    }
}

impl Watch {
    pub(crate) fn new(rule: Stop) -> Self {
        Self { rule, lowest: f64::INFINITY, reference: f64::INFINITY, waited: 0, window: VecDeque::new() }
    }

    /// Looks at the losses of the next evaluation.
    pub(crate) fn see(&mut self, losses: Losses) -> Verdict {
        match self.rule {
            Stop::None => Verdict { best: false, stop: false },
            Stop::Plateau { patience, min_improvement } => {
                let loss = losses.validation.unwrap_or(f64::INFINITY);
                let best = loss < self.lowest;
                self.lowest = self.lowest.min(loss);
                if loss < self.reference * (1.0 - min_improvement) {
                    (self.reference, self.waited) = (loss, 0);
                } else {
                    self.waited += 1;
                }
                Verdict { best, stop: self.waited >= patience }
            }
            Stop::Minimum => {
                let best = losses.test < self.lowest;
                self.lowest = self.lowest.min(losses.test);
                Verdict { best, stop: false }
            }
            Stop::TestVariance { tolerance } => {
                self.window.push_back(losses.test);
                if self.window.len() > WINDOW {
                    self.window.pop_front();
                }
                let full = self.window.len() == WINDOW;
                Verdict { best: false, stop: full && variance(&self.window) < tolerance }
            }
        }
    }
}

/// (1/n) sum_i (l_i - mean)^2.
fn variance(values: &VecDeque<f64>) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The evaluations (from 1) at which the rule found a best one, and the one at which it stopped.
    fn watch(rule: Stop, values: &[f64]) -> (Vec<usize>, Option<usize>) {
        let (mut watch, mut best) = (Watch::new(rule), Vec::new());
        for (i, &value) in values.iter().enumerate() {
            let verdict =
                watch.see(Losses { train: 1.0, validation: Some(value), test: value, skip_test: 1.0, classes: None });
            if verdict.best {
                best.push(i + 1);
            }
            if verdict.stop {
                return (best, Some(i + 1));
            }
        }
        (best, None)
    }

    #[test]
    fn a_plateau_waits_its_patience_and_keeps_the_lowest() {
        let rule = Stop::Plateau { patience: 2, min_improvement: 0.1 };
        // 0.5 falls by enough; 0.49 is lower but no improvement, 0.52 is the second in a row without one.
        assert_eq!(watch(rule, &[1.0, 0.5, 0.49, 0.52, 0.1]), (vec![1, 2, 3], Some(4)));
        // Small steps add up to an improvement over the last one.
        assert_eq!(watch(rule, &[1.0, 0.95, 0.89, 0.85, 0.79]), (vec![1, 2, 3, 4, 5], None));
        assert_eq!(watch(Stop::Plateau { patience: 1, min_improvement: 0.0 }, &[1.0, 1.0]), (vec![1], Some(2)));
    }

    #[test]
    fn the_thesis_rule_needs_six_losses_that_lie_close() {
        let rule = Stop::TestVariance { tolerance: 1e-4 };
        assert_eq!(watch(rule, &[0.5; 5]).1, None);
        assert_eq!(watch(rule, &[0.5; 8]), (vec![], Some(6)));
        // The variance of 0, 1 x 5 is 5/36; of six equal ones, after the 0 has left the window, 0.
        assert_eq!(watch(rule, &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]).1, Some(7));
        assert_eq!(watch(Stop::TestVariance { tolerance: 5.1 / 36.0 }, &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]).1, Some(6));
        assert_eq!(watch(Stop::TestVariance { tolerance: 4.9 / 36.0 }, &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]).1, None);
    }

    #[test]
    fn the_minimum_is_the_first_of_the_lowest_and_ends_nothing() {
        assert_eq!(watch(Stop::Minimum, &[1.0, 0.5, 0.7, 0.5, 0.4, 0.6]), (vec![1, 2, 5], None));
        assert!(Stop::Minimum.keeps_best() && !Stop::Minimum.ends_early());
        let variance = Stop::TestVariance { tolerance: 1.0 };
        assert!(!variance.keeps_best() && variance.ends_early());
    }

    #[test]
    fn without_a_rule_nothing_ends_early() {
        assert_eq!(watch(Stop::None, &[0.5; 50]), (vec![], None));
    }
}
