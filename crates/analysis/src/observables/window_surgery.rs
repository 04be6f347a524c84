//! Which part of the chain needs the machines: all but a window of them replaced by an exact law.

use std::ops::RangeInclusive;

use model::{Denoiser, Family, Surgery};

use super::judge::Judge;
use super::{Group, Measured, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;

/// Samples of chains whose predictor is the run's model for t in a window [a, b] and another one outside it: the affine
/// predictor or the reference law; and the converse, the affine predictor inside and the model outside.
///
/// One machine a timestep makes this a change of parts, not of training. Cf. the analytical start of Wang and Vastola 2024.
///
/// Quantities at t = a, x = b: `frechet_50_OPERATION` (squared Frechet distance to the test set on 50 axes),
/// `class_share_OPERATION` with the label as the group, and `confidence_OPERATION`, the mean of the classifier's largest
/// probability; OPERATION is `outside_wiener`, `outside_mixture` (or `_law`), `inside_wiener`. Rows without t and x are of
/// the empty window: everything replaced, or nothing. Model `data`: `frechet_50` of as many training samples.
pub(super) struct WindowSurgery;

/// Chains a window, at most.
const TRAJECTORIES: usize = 500;
/// Edges of the windows divide the chain into this many parts.
const PARTS: usize = 6;

impl Observable for WindowSurgery {
    fn name(&self) -> &'static str {
        "window_surgery"
    }

    fn group(&self) -> Group {
        Group::Interventions
    }

    fn question(&self) -> &'static str {
        "Which window of timesteps needs the machines, and where does an exact Gaussian do as well?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let steps: u64 = windows(lab.schedule.len()).iter().map(|window| *window.end() as u64).sum();
        Some((lab.model_count() + 1) * (lab.schedule.len() as u64 + steps))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let judge = Judge::of(lab, lab.settings.trajectories.min(TRAJECTORIES))?;
        let own = lab.model.denoiser as &dyn Denoiser;
        let mut operations = vec![("outside_wiener".to_owned(), own, lab.wiener() as &dyn Denoiser)];
        if let Some(beside) = lab.models()?.get(1) {
            operations.push((format!("outside_{}", beside.name), own, beside.denoiser));
        }
        operations.push(("inside_wiener".to_owned(), lab.wiener(), own));
        let mut rows = vec![judge.floor()];
        for (operation, inside, outside) in operations {
            rows.extend(map(lab, &judge, &operation, inside, outside, advance)?);
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// 0 and the last timesteps of the parts.
fn edges(timesteps: usize) -> Vec<usize> {
    let mut edges: Vec<usize> = (0..=PARTS).map(|k| (k * timesteps + PARTS / 2) / PARTS).collect();
    edges.dedup();
    edges
}

/// All windows between two edges.
fn windows(timesteps: usize) -> Vec<RangeInclusive<usize>> {
    let edges = edges(timesteps);
    let ending = |k: usize| edges[..k].iter().map(|&below| below + 1..=edges[k]).collect::<Vec<_>>();
    (1..edges.len()).flat_map(ending).collect()
}

/// Every window with `inside` in it and `outside` around it; what lies above a window is run once for all.
fn map(
    lab: &Lab<'_>,
    judge: &Judge<'_, '_>,
    operation: &str,
    inside: &dyn Denoiser,
    outside: &dyn Denoiser,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<ObservableRow>, AnalysisError> {
    let first = Family::Surgery.first();
    let edges = edges(lab.schedule.len());
    let chain = lab.chain(outside);
    let mut z = chain.start(judge.count, first);
    let mut above = vec![z.clone(); edges.len()];
    chain.run(&mut z, lab.schedule.last(), first, &mut |s, z| {
        advance(1);
        if let Ok(k) = edges.binary_search(&s) {
            above[k] = z.to_vec();
        }
    })?;
    let mut rows = judge.rows(lab.model.name, operation, &z);
    for window in windows(lab.schedule.len()) {
        let (a, b) = (*window.start(), *window.end());
        let (Ok(from), Ok(k)) = (lab.schedule.timestep(b), edges.binary_search(&b)) else { continue };
        let surgery = Surgery::new(inside, outside, window)?;
        let mut z = above[k].clone();
        lab.chain(&surgery).run(&mut z, from, first, &mut |_, _| advance(1))?;
        let placed = |row| ObservableRow { t: Some(a), x: Some(b as f64), ..row };
        rows.extend(judge.rows(lab.model.name, operation, &z).into_iter().map(placed));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_between_edges_and_the_whole_chain_is_one() {
        assert_eq!(edges(100), [0, 17, 33, 50, 67, 83, 100]);
        let windows = windows(100);
        assert_eq!(windows.len(), 21);
        assert!(windows.contains(&(1..=100)) && windows.contains(&(34..=67)));
        assert_eq!(super::windows(2).len(), 3);
    }
}
