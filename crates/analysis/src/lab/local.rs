//! Scores with exact Jacobians: what the machines and the exact laws have in common.

use std::ops::Range;

use model::{Bank, ExactLaw, Machine, Predictor};
use schedule::Timestep;

use super::Lab;
use crate::AnalysisError;

/// A model whose score and its Jacobian are known at every t.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Its name in the tables.
    pub(crate) name: &'a str,
    kind: Kind<'a>,
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    Machines(&'a Bank),
    Law(&'a dyn ExactLaw),
}

/// The score s = -eps_hat / sqrt(D) of one timestep with its Jacobian J_s = -J / sqrt(D), J that of eps_hat.
pub(crate) struct LocalScore<'a> {
    source: Source<'a>,
    noise: f64,
}

enum Source<'a> {
    Machine(Box<Machine>),
    Law { law: &'a dyn ExactLaw, t: Timestep, predictor: Box<dyn Predictor + 'a> },
}

impl<'a> Lab<'a> {
    /// The models with exact Jacobians: the trained machines, and the exact law beside them.
    ///
    /// # Errors
    /// As [`Lab::mixture`].
    pub(crate) fn subjects(&self) -> Result<Vec<Subject<'_>>, AnalysisError> {
        let machines = self.bank.map(|bank| Subject { name: self.model.name, kind: Kind::Machines(bank) });
        let law = self.reference()?.map(|law| Subject { name: law.name, kind: Kind::Law(law.denoiser) });
        Ok(machines.into_iter().chain(law).collect())
    }

    /// How many [`Self::subjects`] there are, without fitting any.
    pub(crate) fn subject_count(&self) -> u64 {
        u64::from(self.bank.is_some()) + u64::from(self.truth.is_some() || self.labels().len() > 1)
    }
}

impl<'a> Subject<'a> {
    /// An exact law by itself.
    #[cfg(test)]
    pub(crate) fn law(name: &'a str, law: &'a dyn ExactLaw) -> Self {
        Self { name, kind: Kind::Law(law) }
    }

    /// Whether it was trained.
    pub(crate) fn is_trained(&self) -> bool {
        matches!(self.kind, Kind::Machines(_))
    }

    /// Its score at t, sqrt(D) being `noise`.
    ///
    /// # Errors
    /// [`AnalysisError::Model`] for a machine that is missing.
    pub(crate) fn at(&self, t: Timestep, noise: f64) -> Result<LocalScore<'a>, AnalysisError> {
        let source = match self.kind {
            Kind::Machines(bank) => Source::Machine(Box::new(bank.machine(t)?)),
            Kind::Law(law) => Source::Law { law, t, predictor: law.at(t)? },
        };
        Ok(LocalScore { source, noise })
    }
}

impl LocalScore<'_> {
    /// s.  zt: `[n, d]` -> `[n, d]`.
    pub(crate) fn score(&self, zt: &[f32]) -> Vec<f64> {
        let mut eps_hat = vec![0.0; zt.len()];
        match &self.source {
            Source::Machine(machine) => machine.eps_hat(zt, &mut eps_hat),
            Source::Law { predictor, .. } => predictor.eps_hat(zt, &mut eps_hat),
        }
        eps_hat.into_iter().map(|e| -f64::from(e) / self.noise).collect()
    }

    /// u^T J_s u along one unit direction u `[d]`: positive where z_t is unstable along it.  zt: `[n, d]` -> `[n]`.
    pub(crate) fn slopes(&self, zt: &[f32], u: &[f64]) -> Vec<f64> {
        let slopes = match &self.source {
            Source::Machine(machine) => {
                let form = machine.jacobian_form(u, u);
                machine.active(zt).chunks_exact(machine.units()).map(|active| form.at(active)).collect()
            }
            Source::Law { law, t, .. } => {
                let mut slopes = vec![0.0; zt.len() / u.len()];
                law.jacobian_along(*t, zt, u, &mut slopes);
                slopes
            }
        };
        slopes.into_iter().map(|slope| -slope / self.noise).collect()
    }

    /// The mean of u^T J_s u over each set of unit directions, the sets being ranges of rows of `directions` `[m, d]`.
    /// zt: `[n, d]` -> one `[n]` a set.
    pub(crate) fn mean_slopes(&self, zt: &[f32], directions: &[f64], sets: &[Range<usize>]) -> Vec<Vec<f64>> {
        let mut means: Vec<Vec<f64>> = match &self.source {
            Source::Machine(machine) => {
                let (d, active) = (machine.dim, machine.active(zt));
                let of_set = |set: &Range<usize>| {
                    let form = machine.jacobian_mean_form(&directions[set.start * d..set.end * d]);
                    active.chunks_exact(machine.units()).map(|active| form.at(active)).collect()
                };
                sets.iter().map(of_set).collect()
            }
            Source::Law { law, t, .. } => {
                let m = directions.len() / law.dim();
                let mut slopes = vec![0.0; zt.len() / law.dim() * m];
                law.jacobians_along(*t, zt, directions, &mut slopes);
                let mean = |row: &[f64], set: &Range<usize>| row[set.clone()].iter().sum::<f64>() / set.len() as f64;
                sets.iter().map(|set| slopes.chunks_exact(m).map(|row| mean(row, set)).collect()).collect()
            }
        };
        means.iter_mut().flatten().for_each(|slope| *slope /= -self.noise);
        means
    }

    /// J_s v, each row with a direction of its own.  zt, v: `[n, d]` -> `[n, d]`.
    pub(crate) fn times(&self, zt: &[f32], v: &[f64]) -> Vec<f64> {
        self.scaled(zt, v, |machine, active, v| machine.jacobian(active).times(v))
    }

    /// (J_s + J_s^T) v / 2; of an exact law J_s is symmetric already.  zt, v: `[n, d]` -> `[n, d]`.
    pub(crate) fn symmetric_times(&self, zt: &[f32], v: &[f64]) -> Vec<f64> {
        self.scaled(zt, v, |machine, active, v| {
            let jacobian = machine.jacobian(active);
            let (product, turned) = (jacobian.times(v), jacobian.transposed_times(v));
            product.iter().zip(turned).map(|(a, b)| 0.5 * (a + b)).collect()
        })
    }

    fn scaled(&self, zt: &[f32], v: &[f64], of_machine: impl Fn(&Machine, &[bool], &[f64]) -> Vec<f64>) -> Vec<f64> {
        let mut product: Vec<f64> = match &self.source {
            Source::Machine(machine) => {
                let rows = zt.chunks_exact(machine.dim).zip(v.chunks_exact(machine.dim));
                rows.flat_map(|(z, v)| of_machine(machine, &machine.active(z), v)).collect()
            }
            Source::Law { law, t, .. } => {
                let mut product = vec![0.0; v.len()];
                law.jacobian_times(*t, zt, v, &mut product);
                product
            }
        };
        product.iter_mut().for_each(|value| *value /= -self.noise);
        product
    }
}
