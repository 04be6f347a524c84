//! Where in t the local units carry the work, and where the dense ones.

use model::{Machine, Predictor};
use rayon::prelude::*;
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::Lab;
use crate::lab::probes::{noised, test_starts};

/// What each population of hidden units takes off the error, eps_hat = skip + dense + local.
///
/// With M(S) the squared error per coordinate of the skip and the populations in S alone, on test samples noised to t:
/// error_skip = M() (model `gaussian`: the best affine predictor's), error_dense = M(dense), error_local = M(local), error_both = M(both); work_local and work_dense are their
/// Shapley values, ((M() - M(local)) + (M(dense) - M(both))) / 2 and likewise, which add up to M() - M(both) (Shapley
/// 1953); local_share = work_local / (work_local + work_dense) where the net takes off at least 1% of the error, error_skip -
/// error_both >= 0.01 error_skip.  power_local and power_dense are the mean squares per coordinate of what each adds to eps_hat.
/// The crossover is the last t at which local_share crosses 1/2 from above: below it the structure that the machines know is
/// local, above it global.
pub(super) struct UnitPopulations;

/// What the whole net has to take off the error of its skip for the shares to be asked for.
const LEAST: f64 = 0.01;

/// Errors and powers of one machine, one value a sample, each a mean over the coordinates.
struct Parts {
    t: Timestep,
    /// Of the skip, with the dense units, with the local ones, with both.
    errors: [Vec<f64>; 4],
    /// Of what the dense and the local units add.
    powers: [Vec<f64>; 2],
}

impl Observable for UnitPopulations {
    fn name(&self) -> &'static str {
        "unit_populations"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "Where in t do local hidden units carry the work, where dense ones, and where does one take over from the other?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let bank = lab.bank?;
        let first = lab.schedule.timesteps().next()?;
        let has_local = bank.machine(first).is_ok_and(|machine| machine.local.is_some());
        has_local.then(|| lab.fine_grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(bank) = lab.bank else { return Ok(Measured::default()) };
        let z0 = test_starts(lab);
        let at = |&t: &Timestep| {
            let parts = Parts::of(lab, &bank.machine(t)?, &z0, t);
            advance(1);
            Ok(parts)
        };
        let curve: Vec<Parts> = lab.fine_grid().par_iter().map(at).collect::<Result<_, AnalysisError>>()?;
        let mut rows: Vec<ObservableRow> = curve.iter().flat_map(|parts| parts.rows(lab)).collect();
        let wiener = |&t: &Timestep| ObservableRow::exact(t, "gaussian", "error_skip", lab.gaussian().mse(t));
        rows.extend(lab.fine_grid().iter().map(wiener));
        Ok(Measured { rows, transitions: vec![crossover(lab, &curve)] })
    }
}

impl Parts {
    fn of(lab: &Lab<'_>, machine: &Machine, z0: &[f32], t: Timestep) -> Self {
        let zt = noised(lab, z0, t);
        let forward = lab.schedule.forward(t);
        let (signal, noise) = (forward.signal as f32, forward.noise as f32);
        let answer = |machine: &Machine| {
            let mut eps_hat = vec![0.0; zt.len()];
            machine.eps_hat(&zt, &mut eps_hat);
            eps_hat
        };
        let dense_alone = Machine { local: None, ..machine.clone() };
        let mut skip_alone = dense_alone.clone();
        skip_alone.w2.fill(0.0);
        let [both, dense, skip] = [machine, &dense_alone, &skip_alone].map(answer);
        let eps: Vec<f32> = zt.iter().zip(z0).map(|(zt, z0)| (zt - signal * z0) / noise).collect();
        let d = lab.dim();
        let mean_squares = |of: &dyn Fn(usize) -> f32| -> Vec<f64> {
            let row = |n: usize| (n * d..(n + 1) * d).map(|i| f64::from(of(i)).powi(2)).sum::<f64>() / d as f64;
            (0..eps.len() / d).map(row).collect()
        };
        Self {
            t,
            errors: [
                mean_squares(&|i| skip[i] - eps[i]),
                mean_squares(&|i| dense[i] - eps[i]),
                mean_squares(&|i| skip[i] + (both[i] - dense[i]) - eps[i]),
                mean_squares(&|i| both[i] - eps[i]),
            ],
            powers: [mean_squares(&|i| dense[i] - skip[i]), mean_squares(&|i| both[i] - dense[i])],
        }
    }

    /// work_dense and work_local over the samples of a draw.
    fn works(&self, draw: &[u32]) -> [f64; 2] {
        let mean = |values: &[f64]| draw.iter().map(|&i| values[i as usize]).sum::<f64>() / draw.len() as f64;
        let [skip, dense, local, both] = self.errors.each_ref().map(|errors| mean(errors));
        [0.5 * ((skip - dense) + (local - both)), 0.5 * ((skip - local) + (dense - both))]
    }

    /// work_local / (work_local + work_dense).
    fn local_share(&self, draw: &[u32]) -> f64 {
        let [dense, local] = self.works(draw);
        local / (local + dense)
    }

    /// Whether the net as a whole is more than the noise of its training.
    fn is_at_work(&self) -> bool {
        let sum = |errors: &[f64]| errors.iter().sum::<f64>();
        let [skip, .., both] = self.errors.each_ref().map(|errors| sum(errors));
        skip - both >= LEAST * skip
    }

    fn rows(&self, lab: &Lab<'_>) -> Vec<ObservableRow> {
        let n = self.errors[0].len();
        let bootstrap = lab.bootstrap(n);
        let row = |quantity: &str, interval| ObservableRow::estimate(self.t, lab.model.name, quantity, interval, n);
        let names = ["error_skip", "error_dense", "error_local", "error_both"];
        let mut rows: Vec<ObservableRow> =
            names.iter().zip(&self.errors).map(|(name, errors)| row(name, bootstrap.mean(errors))).collect();
        let powers = ["power_dense", "power_local"].into_iter().zip(&self.powers);
        rows.extend(powers.map(|(name, power)| row(name, bootstrap.mean(power))));
        rows.push(row("work_dense", bootstrap.interval(|draw| self.works(draw)[0])));
        rows.push(row("work_local", bootstrap.interval(|draw| self.works(draw)[1])));
        if self.is_at_work() {
            rows.push(row("local_share", bootstrap.interval(|draw| self.local_share(draw))));
        }
        rows
    }
}

/// The last t at which the local units' share of the work crosses 1/2.
fn crossover(lab: &Lab<'_>, curve: &[Parts]) -> TransitionRow {
    let at_work: Vec<&Parts> = curve.iter().filter(|parts| parts.is_at_work()).collect();
    let times: Vec<f64> = at_work.iter().map(|parts| parts.t.get() as f64).collect();
    let n = curve.first().map_or(0, |parts| parts.errors[0].len());
    let shares = |draw: &[u32]| at_work.iter().map(|parts| parts.local_share(draw)).collect::<Vec<f64>>();
    let time = lab.bootstrap(n).crossing_of(&times, 0.5, shares);
    TransitionRow::measured(Transition::Speciation, "local units do half of the work", lab.model.name, time, n)
}

#[cfg(test)]
mod tests {
    use schedule::{Law, Schedule};

    use super::*;

    fn parts(errors: [Vec<f64>; 4]) -> Parts {
        let schedule = Schedule::new(Law::Cosine, 9).unwrap();
        Parts { t: schedule.timestep(3).unwrap(), errors, powers: [vec![0.0; 2], vec![0.0; 2]] }
    }

    #[test]
    fn the_works_by_hand_add_up_to_what_the_net_takes_off() {
        // Means over the two samples: skip 10, dense 7, local 4, both 3.
        let parts = parts([vec![9.0, 11.0], vec![6.0, 8.0], vec![5.0, 3.0], vec![2.0, 4.0]]);
        let [dense, local] = parts.works(&[0, 1]);
        // ((10 - 7) + (4 - 3)) / 2 and ((10 - 4) + (7 - 3)) / 2.
        assert_eq!((dense, local, dense + local), (2.0, 5.0, 10.0 - 3.0));
        assert!((parts.local_share(&[0, 1]) - 5.0 / 7.0).abs() < 1e-15);
        // A resample of the second sample alone: 11, 8, 3, 4.
        assert_eq!(parts.works(&[1, 1]), [0.5 * (3.0 - 1.0), 0.5 * (8.0 + 4.0)]);
        assert!(parts.is_at_work());
    }

    #[test]
    fn a_net_that_takes_off_less_than_a_percent_is_not_asked_whose_work_it_is() {
        assert!(!parts([vec![1.0; 2], vec![0.995; 2], vec![0.997; 2], vec![0.992; 2]]).is_at_work());
        assert!(parts([vec![1.0; 2], vec![0.995; 2], vec![0.997; 2], vec![0.99; 2]]).is_at_work());
    }
}
