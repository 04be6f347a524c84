//! A denoiser put together from two: one inside a window of timesteps, another outside.

use std::ops::RangeInclusive;

use schedule::Timestep;

use crate::{Denoiser, ModelError, Predictor};

/// eps_hat of `inside` for t in the window, of `outside` for every other t.
///
/// The question which part of a chain needs its machines becomes a chain of this denoiser (one machine a timestep can
/// be taken out without touching the others).
#[derive(Clone)]
pub struct Surgery<'a> {
    inside: &'a dyn Denoiser,
    outside: &'a dyn Denoiser,
    window: RangeInclusive<usize>,
}

impl<'a> Surgery<'a> {
    /// `inside` on the timesteps of `window` (1-based, both ends included), `outside` on the others.
    ///
    /// # Errors
    /// [`ModelError::Setting`] when their dimensions differ.
    pub fn new(
        inside: &'a dyn Denoiser,
        outside: &'a dyn Denoiser,
        window: RangeInclusive<usize>,
    ) -> Result<Self, ModelError> {
        if inside.dim() != outside.dim() {
            let allowed = format!("the denoiser outside the window has {} coordinates", outside.dim());
            return Err(ModelError::setting("dim", inside.dim(), allowed));
        }
        Ok(Self { inside, outside, window })
    }
}

impl Denoiser for Surgery<'_> {
    fn dim(&self) -> usize {
        self.inside.dim()
    }

    fn at(&self, t: Timestep) -> Result<Box<dyn Predictor + '_>, ModelError> {
        if self.window.contains(&t.get()) { self.inside.at(t) } else { self.outside.at(t) }
    }
}

#[cfg(test)]
mod tests {
    use schedule::{Law, ReverseVariance, Schedule};

    use super::*;
    use crate::{Chain, Wiener};

    fn schedule() -> Schedule {
        Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100).unwrap()
    }

    #[test]
    fn each_timestep_has_the_predictor_of_its_side() {
        let schedule = schedule();
        let (inside, outside) = (Wiener::new(&schedule, &[4.0]), Wiener::new(&schedule, &[0.25]));
        let surgery = Surgery::new(&inside, &outside, 20..=40).unwrap();
        for t in schedule.timesteps() {
            let expected: &dyn Denoiser = if (20..=40).contains(&t.get()) { &inside } else { &outside };
            let (mut found, mut eps_hat) = ([0.0; 3], [0.0; 3]);
            surgery.at(t).unwrap().eps_hat(&[1.0, -2.0, 0.3], &mut found);
            expected.at(t).unwrap().eps_hat(&[1.0, -2.0, 0.3], &mut eps_hat);
            assert_eq!(found, eps_hat, "{t}");
        }
    }

    #[test]
    fn an_empty_and_a_whole_window_are_the_two_chains() {
        let schedule = schedule();
        let (inside, outside) = (Wiener::new(&schedule, &[4.0]), Wiener::new(&schedule, &[0.25]));
        let run = |denoiser: &dyn Denoiser| {
            let chain = Chain {
                denoiser,
                schedule: &schedule,
                variance: ReverseVariance::Beta,
                stride: 1,
                noiseless_steps: 1,
                seed: 3,
            };
            let mut z = chain.start(5, 0);
            chain.run(&mut z, schedule.last(), 0, &mut |_, _| {}).unwrap();
            z
        };
        #[expect(clippy::reversed_empty_ranges, reason = "the window of no timestep")]
        let none = Surgery::new(&inside, &outside, 1..=0).unwrap();
        assert_eq!(run(&none), run(&outside));
        assert_eq!(run(&Surgery::new(&inside, &outside, 1..=100).unwrap()), run(&inside));
        assert_ne!(run(&Surgery::new(&inside, &outside, 1..=50).unwrap()), run(&inside));
    }

    #[test]
    fn two_dimensions_are_refused() {
        let schedule = schedule();
        let (one, two) = (Wiener::new(&schedule, &[1.0]), Wiener::new(&schedule, &[1.0, 1.0]));
        assert!(Surgery::new(&one, &two, 1..=10).is_err());
    }
}
