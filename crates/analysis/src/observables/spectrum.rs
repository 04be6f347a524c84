//! What the hidden layers read and write: singular values, subspaces, and the gain of each principal axis.

use data::linalg::Svd;
use model::{ExactLaw, Machine, ModelError};
use rayon::prelude::*;
use schedule::Timestep;

use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;
use crate::lab::probes::{few_starts, noised};

/// Singular values of the maps z -> z W1 W2 (singular_value) and z -> z W1 diag(p) W2 (mean_singular_value), p_h the share
/// of noised data that activate unit h: the net's part of E J^T.  x counts them from 1.
///
/// read_overlap and write_overlap: the mean squared cosine between the 10 leading left (read) or right (written) singular
/// vectors of z W1 W2 and the 10 leading principal axes, 1 where they span the same space; at random 10 / r, listed as
/// random_overlap.  mode_gain: sqrt(D) e_k^T E[J] e_k for the principal axes x = k, the share of a displacement along axis k
/// that is taken for noise: D / (A lambda_k + D) for a Gaussian, lower where what is not Gaussian in the data resolves the axis
/// earlier.
pub(super) struct Spectrum;

/// Singular values listed.
const LISTED: usize = 100;
/// Leading vectors whose overlap is measured.
const LEADING: usize = 10;
/// Principal axes whose gain is measured, counted from 1.
const MODES: [usize; 5] = [1, 2, 5, 20, 100];
/// Samples over which a law's Jacobian is averaged.
const LAW_SAMPLES: usize = 100;

impl Observable for Spectrum {
    fn name(&self) -> &'static str {
        "spectrum"
    }

    fn group(&self) -> Group {
        Group::Machines
    }

    fn question(&self) -> &'static str {
        "Which directions do the machines read and write, and how strongly?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let law = lab.subject_count() - u64::from(lab.bank.is_some());
        lab.bank.map(|_| lab.fine_grid().len() as u64 + law * lab.grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(bank) = lab.bank else { return Ok(Measured::default()) };
        let at = |&t: &Timestep| {
            let machine = bank.machine(t)?;
            let rows = of_machine(lab, t, &machine);
            advance(1);
            rows
        };
        let found: Vec<_> = lab.fine_grid().par_iter().map(at).collect::<Result<_, AnalysisError>>()?;
        let mut rows: Vec<ObservableRow> = found.into_iter().flatten().collect();
        if let Some(law) = lab.reference()? {
            for t in lab.grid() {
                rows.extend(of_law(lab, t, law.name, law.denoiser));
                advance(1);
            }
        }
        rows.extend(lab.fine_grid().into_iter().flat_map(|t| of_gaussian(lab, t)));
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// Those of the listed axes that there are.
fn modes(lab: &Lab<'_>) -> impl Iterator<Item = usize> {
    let dim = lab.dim();
    MODES.into_iter().filter(move |&k| k <= dim)
}

/// The k-th principal axis, which is a coordinate axis in the lab.
fn axis(dim: usize, k: usize) -> Vec<f64> {
    (0..dim).map(|i| if i + 1 == k { 1.0 } else { 0.0 }).collect()
}

fn of_machine(lab: &Lab<'_>, t: Timestep, machine: &Machine) -> Result<Vec<ObservableRow>, AnalysisError> {
    let active = machine.active(&noised(lab, &few_starts(lab, usize::MAX), t));
    let mut shares = vec![0.0; machine.units()];
    for pattern in active.chunks_exact(machine.units()) {
        shares.iter_mut().zip(pattern).for_each(|(share, &on)| *share += f64::from(u8::from(on)));
    }
    let states = (active.len() / machine.units()) as f64;
    shares.iter_mut().for_each(|share| *share /= states);

    let row = |quantity: &str, value| ObservableRow::exact(t, lab.model.name, quantity, value);
    let whole = machine.net_map(&vec![1.0; machine.units()]).map_err(ModelError::from)?;
    let mean = machine.net_map(&shares).map_err(ModelError::from)?;
    let listed = |quantity, svd: &Svd| {
        let values = svd.values.iter().take(LISTED).enumerate();
        values.map(|(i, &value)| row(quantity, value).at((i + 1) as f64)).collect::<Vec<_>>()
    };
    let mut rows = listed("singular_value", &whole);
    rows.extend(listed("mean_singular_value", &mean));
    rows.push(row("read_overlap", overlap(&whole.left, whole.values.len())));
    rows.push(row("write_overlap", overlap(&whole.right, whole.values.len())));
    let random = LEADING.min(machine.mapped()) as f64 / machine.mapped() as f64;
    rows.push(ObservableRow::exact(t, "data", "random_overlap", random));
    let noise = lab.schedule.forward(t).noise;
    for k in modes(lab) {
        let unit = axis(lab.dim(), k);
        let form = machine.jacobian_form(&unit, &unit);
        let slope = form.constant + form.shares.iter().zip(&shares).map(|(s, p)| s * p).sum::<f64>();
        rows.push(row("mode_gain", noise * slope).at(k as f64));
    }
    Ok(rows)
}

/// The mean squared cosine between the leading vectors (columns of a row-major `[r, k]`) and the leading coordinate axes.
fn overlap(vectors: &[f64], k: usize) -> f64 {
    let leading = LEADING.min(k);
    let rows = vectors.chunks_exact(k.max(1)).take(leading);
    rows.map(|row| row[..leading].iter().map(|v| v * v).sum::<f64>()).sum::<f64>() / leading.max(1) as f64
}

fn of_law(lab: &Lab<'_>, t: Timestep, name: &str, law: &dyn ExactLaw) -> Vec<ObservableRow> {
    let zt = noised(lab, &few_starts(lab, LAW_SAMPLES), t);
    let noise = lab.schedule.forward(t).noise;
    let gain = |k: usize| {
        let mut slopes = vec![0.0; zt.len() / lab.dim()];
        law.jacobian_along(t, &zt, &axis(lab.dim(), k), &mut slopes);
        let mean = slopes.iter().sum::<f64>() / slopes.len() as f64;
        ObservableRow { trajectories: Some(slopes.len()), ..ObservableRow::exact(t, name, "mode_gain", noise * mean) }
            .at(k as f64)
    };
    modes(lab).map(gain).collect()
}

fn of_gaussian(lab: &Lab<'_>, t: Timestep) -> Vec<ObservableRow> {
    let alpha_bar = lab.schedule.alpha_bar(t);
    let gain = |k: usize| {
        let noise_variance = 1.0 - alpha_bar;
        let value = noise_variance / (alpha_bar * lab.data.eigenvalues[k - 1] + noise_variance);
        ObservableRow::exact(t, "gaussian", "mode_gain", value).at(k as f64)
    };
    modes(lab).map(gain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_of_the_same_and_of_other_directions() {
        // Twelve axes in their own order, then with the first and the last exchanged: 9 of the 10 leading ones are left.
        let vectors = |order: &dyn Fn(usize) -> usize| -> Vec<f64> {
            (0..12)
                .flat_map(|i| (0..12).map(move |j| (i, j)))
                .map(|(i, j)| f64::from(u8::from(order(j) == i)))
                .collect()
        };
        assert!((overlap(&vectors(&|j| j), 12) - 1.0).abs() < 1e-12);
        let exchanged = |j: usize| [11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0][j];
        assert!((overlap(&vectors(&exchanged), 12) - 0.9).abs() < 1e-12);
        assert_eq!(overlap(&[], 0), 0.0);
    }
}
