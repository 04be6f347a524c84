//! How far a predictor is from being the score of any density: identities that every score obeys.

use model::PosteriorMoments;
use schedule::Timestep;

use super::{Group, Measured, Model, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;
use crate::lab::probes::{Answers, test_starts};
use crate::stats::Bootstrap;

/// Relative violations of four identities of the score s = grad ln p_t, averaged over noised test samples.
///
/// E s = 0 and E x.s = -d and E div s = -E|s|^2 by partial integration, and E|eps_hat|^2 = d (1 - MSE) because eps_hat is
/// a conditional mean. Quantities, each 0 for the exact score of the law of the samples and estimated without bias:
/// `mean_score` E[s.u] / sqrt(E|s|^2), u the direction of the mean of the other half of the samples;
/// `virial` (E x.s + d) / d, as -E x.(eps_hat - eps) / (sqrt(D) d), the same since E x.eps = sqrt(D) d;
/// `divergence` E[div s + |s|^2] / E|s|^2, for machines from tr J = sum over active units of W1_j . W2_j, and the skip;
/// `orthogonality` (E|eps_hat|^2 - d (1 - MSE)) / d, as 2 E eps_hat.(eps_hat - eps) / d.
/// Hyvarinen 2005 for the divergence; Efron 2011 for Tweedie's formula.
pub(super) struct ScoreIdentities;

impl Observable for ScoreIdentities {
    fn name(&self) -> &'static str {
        "score_identities"
    }

    fn group(&self) -> Group {
        Group::Information
    }

    fn question(&self) -> &'static str {
        "Is what each machine learned the score of a density at all?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        Some(lab.model_count() * lab.grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let z0 = test_starts(lab);
        let n = z0.len() / lab.dim();
        let bootstrap = lab.bootstrap(n);
        let mut rows = Vec::new();
        for model in lab.models()? {
            for t in lab.grid() {
                let answers = Answers::of(lab, model.denoiser, &z0, t)?;
                let divergences = divergences(lab, &model, t, &answers)?;
                let violations = Violations::of(lab, t, &answers, divergences);
                rows.extend(violations.rows(t, model.name, &bootstrap));
                advance(1);
            }
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// The terms of the identities, one a probe and per coordinate.
struct Violations {
    /// |s|^2 / d.
    squares: Vec<f64>,
    /// s.u / sqrt(d).
    along_mean: Vec<f64>,
    virial: Vec<f64>,
    orthogonality: Vec<f64>,
    /// (div s + |s|^2) / d.
    divergence: Option<Vec<f64>>,
}

impl Violations {
    fn of(lab: &Lab<'_>, t: Timestep, answers: &Answers, divergences: Option<Vec<f64>>) -> Self {
        let noise = lab.schedule.forward(t).noise;
        let squares = answers.by_row(|_, _, eps_hat| (eps_hat / noise).powi(2));
        let divergence = divergences.map(|divergences| {
            let terms = divergences.iter().zip(&squares);
            terms.map(|(divergence, square)| divergence / lab.dim() as f64 + square).collect()
        });
        Self {
            along_mean: along_mean_of_other_half(&answers.eps_hat, lab.dim(), noise),
            virial: answers.by_row(|zt, eps, eps_hat| -zt * (eps_hat - eps) / noise),
            orthogonality: answers.by_row(|_, eps, eps_hat| 2.0 * eps_hat * (eps_hat - eps)),
            squares,
            divergence,
        }
    }

    fn rows(&self, t: Timestep, model: &str, bootstrap: &Bootstrap) -> Vec<ObservableRow> {
        let n = self.squares.len();
        let mean = |values: &[f64], indices: &[u32]| {
            indices.iter().map(|&i| values[i as usize]).sum::<f64>() / indices.len() as f64
        };
        let row = |quantity, interval| ObservableRow::estimate(t, model, quantity, interval, n);
        let mut rows = vec![
            row("mean_score", bootstrap.interval(|i| mean(&self.along_mean, i) / mean(&self.squares, i).sqrt())),
            row("virial", bootstrap.mean(&self.virial)),
            row("orthogonality", bootstrap.mean(&self.orthogonality)),
        ];
        if let Some(terms) = &self.divergence {
            rows.push(row("divergence", bootstrap.interval(|i| mean(terms, i) / mean(&self.squares, i))));
        }
        rows
    }
}

/// s.u / sqrt(d) of each row, u the unit vector along the mean score of the other rows' half (even and odd rows).
fn along_mean_of_other_half(eps_hat: &[f32], d: usize, noise: f64) -> Vec<f64> {
    let unit = |parity: usize| {
        let mut sum = vec![0.0; d];
        for row in eps_hat.chunks_exact(d).skip(parity).step_by(2) {
            sum.iter_mut().zip(row).for_each(|(sum, &e)| *sum -= f64::from(e));
        }
        let norm = sum.iter().map(|s| s * s).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        sum.iter_mut().for_each(|s| *s /= norm);
        sum
    };
    let units = [unit(1), unit(0)];
    let along = |(i, row): (usize, &[f32])| {
        let dot: f64 = row.iter().zip(&units[i % 2]).map(|(&e, u)| f64::from(e) * u).sum();
        -dot / noise / (d as f64).sqrt()
    };
    eps_hat.chunks_exact(d).enumerate().map(along).collect()
}

/// div s at each probe, where the model's Jacobian is known: `[n]`.
fn divergences(
    lab: &Lab<'_>,
    model: &Model<'_>,
    t: Timestep,
    answers: &Answers,
) -> Result<Option<Vec<f64>>, AnalysisError> {
    let exact = |law: &dyn PosteriorMoments| {
        let mut divergences = vec![0.0; answers.zt.len() / lab.dim()];
        law.score_divergence(t, &answers.zt, &mut divergences);
        divergences
    };
    if let (Some(bank), true) = (lab.bank, model.name == lab.model.name) {
        let noise = lab.schedule.forward(t).noise;
        let machine = bank.machine(t)?;
        let (active, trace) = (machine.active(&answers.zt), machine.jacobian_trace());
        return Ok(Some(active.chunks_exact(machine.units()).map(|active| -trace.at(active) / noise).collect()));
    }
    Ok(match model.name {
        "law" => lab.truth().map(|law| exact(law.denoiser)),
        "mixture" => lab.mixture()?.map(|law| exact(law)),
        "gaussian" | "wiener" => Some(exact(lab.gaussian())),
        "empirical_train" => Some(exact(lab.empirical_train()?)),
        "empirical_test" => Some(exact(lab.empirical_test()?)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_without_a_mean_have_no_side() {
        // Two rows (1, 0) and two rows (-1, 0), one of each in either half.
        let none = along_mean_of_other_half(&[1.0, 0.0, 1.0, 0.0, -1.0, 0.0, -1.0, 0.0], 2, 0.5);
        assert_eq!(none, [0.0; 4]);
        let all = along_mean_of_other_half(&[3.0, 4.0].repeat(4), 2, 0.5);
        assert!(all.iter().all(|s| (s - 10.0 / 2.0_f64.sqrt()).abs() < 1e-12), "{all:?}");
    }
}
