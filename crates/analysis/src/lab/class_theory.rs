//! What theory says of the class of a trajectory: two equal Gaussians of the same moments, and the exact posterior.

use model::speciation::TwoClasses;
use model::{ClassSnr, ExactLaw};
use schedule::Timestep;

use super::probes::noised;
use super::{Lab, walks};
use crate::AnalysisError;
use crate::observables::{Law, Named};

/// Probes of the exact posterior at a timestep, at most.
const PROBES: usize = 500;

/// phi_t, the probability that two reversals of one z_t end in the same class, without running chains.
pub struct ClassTheory {
    /// kappa_t of the class means and their pooled covariance, t = 1..=T; empty unless there are two classes.
    pub kappas: Vec<ClassSnr>,
    /// phi of the reference law; `None` where there is none.
    pub law: Option<ExactPhi>,
}

/// phi_t = E sum_c p^2 and the class entropy H(c | z_t) = E[-sum_c p ln p] of a law, p = p(c | z_t), on noised test samples.
#[derive(Default)]
pub struct ExactPhi {
    /// The law's name.
    pub name: String,
    /// The timesteps.
    pub times: Vec<Timestep>,
    /// sum_c p(c | z_t)^2 of every probe, at each timestep.
    pub phi: Vec<Vec<f64>>,
    /// -sum_c p ln p of every probe, the mean of the surprisal -ln p of a class drawn from p, in nats.
    pub entropy: Vec<Vec<f64>>,
    /// sum_c p ln^2 p of every probe, the mean of its square.
    pub surprisal2: Vec<Vec<f64>>,
    /// sum_c (E p(c | z_t))^2, the agreement of independent trajectories, at each timestep.
    pub chance: Vec<f64>,
}

impl ClassTheory {
    pub(super) fn of(lab: &Lab<'_>) -> Result<Self, AnalysisError> {
        let kappas = if lab.labels().len() == 2 {
            let classes = TwoClasses::of(lab.data.train)?;
            lab.schedule.timesteps().map(|t| ClassSnr(classes.snr(lab.schedule.alpha_bar(t)))).collect()
        } else {
            Vec::new()
        };
        Ok(Self { kappas, law: lab.reference()?.map(|law| ExactPhi::of(lab, law)) })
    }
}

impl ExactPhi {
    fn of(lab: &Lab<'_>, Named { name, denoiser: law }: Law<'_>) -> Self {
        let starts = walks::starts(lab);
        let step = starts.len().div_ceil(PROBES).max(1);
        let z0 = lab.data.test.select(starts.into_iter().step_by(step)).values;
        let times = lab.fine_grid();
        let mut exact = Self { name: name.to_owned(), ..Self::default() };
        for &t in &times {
            exact.push(law.classes(), &posterior(lab, law, &z0, t));
        }
        Self { times, ..exact }
    }

    /// Takes in the posteriors of the next timestep, `[n, K]`.
    fn push(&mut self, k: usize, probabilities: &[f64]) {
        let of_rows = |term: fn(f64) -> f64| -> Vec<f64> {
            probabilities.chunks_exact(k).map(|row| row.iter().map(|&p| term(p)).sum()).collect()
        };
        let n = (probabilities.len() / k) as f64;
        let share = |c: usize| probabilities.iter().skip(c).step_by(k).sum::<f64>() / n;
        self.phi.push(of_rows(|p| p * p));
        // p ln p and p ln^2 p vanish with p.
        self.entropy.push(of_rows(|p| -p * p.max(f64::MIN_POSITIVE).ln()));
        self.surprisal2.push(of_rows(|p| p * p.max(f64::MIN_POSITIVE).ln().powi(2)));
        self.chance.push((0..k).map(|c| share(c).powi(2)).sum());
    }
}

/// p(c | z_t) at noised samples: `[n, K]`.
fn posterior(lab: &Lab<'_>, law: &dyn ExactLaw, z0: &[f32], t: Timestep) -> Vec<f64> {
    let zt = noised(lab, z0, t);
    let mut probabilities = vec![0.0; z0.len() / law.dim() * law.classes()];
    law.class_probabilities(t, &zt, &mut probabilities);
    probabilities
}
