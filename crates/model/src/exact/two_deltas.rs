//! Two points on a line, the smallest model with a symmetry breaking.

use schedule::Schedule;

use super::level::Level;
use crate::TwoGaussians;

impl TwoGaussians {
    /// alpha_bar below which the drift z/2 + s of the reverse process of two deltas is stable at the origin:
    /// sqrt(2) - 1, the root of 1/2 + (kappa - 1)/D = 0 with kappa = A/D.  Raya and Ambrogioni 2023.
    pub const TWO_DELTAS_CRITICAL_ALPHA_BAR: f64 = std::f64::consts::SQRT_2 - 1.0;

    /// z_0 = +1 or -1 with equal probability, d = 1: kappa = A/D, E[z_0 | z_t] = tanh(sqrt(A) z_t / D).
    pub fn two_deltas(schedule: &Schedule) -> Self {
        Self { levels: Level::all(schedule), mean: vec![1.0], norm2: 1.0, variance: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use schedule::{Law, Timestep};

    use super::*;

    /// The last t at which `holds`.
    fn last(schedule: &Schedule, holds: impl Fn(Timestep) -> bool) -> usize {
        schedule.timesteps().rev().find(|&t| holds(t)).map_or(0, Timestep::get)
    }

    #[test]
    fn instability_of_the_drift_and_of_the_score() {
        for (timesteps, drift, score) in [(1000, 292, 259), (100, 29, 26)] {
            let scale = 1000.0 / timesteps as f64;
            let law = Law::Linear { beta_start: 1e-4 * scale, beta_end: 0.02 * scale };
            let schedule = Schedule::new(law, timesteps).unwrap();
            let deltas = TwoGaussians::two_deltas(&schedule);
            assert_eq!(last(&schedule, |t| deltas.reverse_drift_is_unstable(t)), drift);
            let critical = TwoGaussians::TWO_DELTAS_CRITICAL_ALPHA_BAR;
            assert_eq!(last(&schedule, |t| schedule.alpha_bar(t) > critical), drift);
            assert_eq!(last(&schedule, |t| deltas.snr(t).0 >= 1.0), score);
        }
    }
}
