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

/// phi_t = E sum_c p(c | z_t)^2 of a law, on noised test samples.
pub struct ExactPhi {
    /// The law's name.
    pub name: String,
    /// The timesteps.
    pub times: Vec<Timestep>,
    /// sum_c p(c | z_t)^2 of every probe, at each timestep.
    pub phi: Vec<Vec<f64>>,
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
        let (phi, chance) = times.iter().map(|&t| agreement(lab, law, &z0, t)).unzip();
        Self { name: name.to_owned(), times, phi, chance }
    }
}

/// sum_c p^2 of each probe and sum_c (E p)^2.
fn agreement(lab: &Lab<'_>, law: &dyn ExactLaw, z0: &[f32], t: Timestep) -> (Vec<f64>, f64) {
    let k = law.classes();
    let zt = noised(lab, z0, t);
    let mut probabilities = vec![0.0; z0.len() / law.dim() * k];
    law.class_probabilities(t, &zt, &mut probabilities);
    let phi: Vec<f64> = probabilities.chunks_exact(k).map(|row| row.iter().map(|p| p * p).sum()).collect();
    let share = |c: usize| probabilities.iter().skip(c).step_by(k).sum::<f64>() / phi.len() as f64;
    let chance = (0..k).map(|c| share(c).powi(2)).sum();
    (phi, chance)
}
