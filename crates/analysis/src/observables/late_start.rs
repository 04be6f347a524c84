//! What is lost when the reverse chain starts late.

use model::Family;
use schedule::Timestep;

use super::judge::Judge;
use super::{Group, Measured, Model, Observable, ObservableRow};
use crate::AnalysisError;
use crate::lab::Lab;

/// Chains started at s < T from N(0, I) and from the Gaussian N(0, A Lambda + D) of p_s: down to which s are the samples
/// as good as those of the whole chain?
///
/// Above speciation p_s is a Gaussian and the start does not matter; below it N(0, I) loses the quality, and the matched
/// Gaussian the class shares. Raya and Ambrogioni 2023 (late initialisation).
///
/// Quantities at t = s: `frechet_50_from_noise`, `frechet_50_from_gaussian` (squared Frechet distance to the test set on 50
/// axes), and `class_share_...` with the label as the group, `confidence_...` likewise. Model `data`: `frechet_50`
/// of as many training samples, the floor, and `class_share` of the training set.
pub(super) struct LateStart;

/// Trajectories a start, at most: every step of every start is paid.
const TRAJECTORIES: usize = 500;

impl Observable for LateStart {
    fn name(&self) -> &'static str {
        "late_start"
    }

    fn group(&self) -> Group {
        Group::Interventions
    }

    fn question(&self) -> &'static str {
        "From which timestep on can the reverse chain start without being noticed?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        Some(lab.model_count() * starts(lab).iter().map(|s| 2 * s.get() as u64).sum::<u64>())
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let judge = Judge::of(lab, lab.settings.trajectories.min(TRAJECTORIES))?;
        let mut rows = lines(lab, &judge);
        for model in lab.models()? {
            for s in starts(lab) {
                rows.extend(start(lab, &judge, &model, s, advance)?);
            }
        }
        Ok(Measured { rows, transitions: Vec::new() })
    }
}

/// Every other timestep of the grid, T among them, descending.
fn starts(lab: &Lab<'_>) -> Vec<Timestep> {
    lab.grid().into_iter().rev().step_by(2).collect()
}

/// The floor of the distance and the training set's class shares at every start: lines to compare with.
fn lines(lab: &Lab<'_>, judge: &Judge<'_, '_>) -> Vec<ObservableRow> {
    let (train, floor) = (lab.data.train, judge.floor());
    let share = |(label, n): (u8, usize)| {
        ObservableRow::timeless("data", "class_share", n as f64 / train.len() as f64).of_group(label)
    };
    let timeless: Vec<ObservableRow> =
        std::iter::once(floor).chain(train.label_counts().into_iter().map(share)).collect();
    let at = |s: Timestep| timeless.iter().map(move |row| ObservableRow { t: Some(s.get()), ..row.clone() });
    starts(lab).into_iter().flat_map(at).collect()
}

/// Both starts at s, from the same standard normals.
fn start(
    lab: &Lab<'_>,
    judge: &Judge<'_, '_>,
    model: &Model<'_>,
    s: Timestep,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<ObservableRow>, AnalysisError> {
    let chain = lab.chain(model.denoiser);
    let noise = chain.start(judge.count, Family::LateStarts.first());
    let alpha_bar = lab.schedule.alpha_bar(s);
    let deviation = |lambda: &f64| (alpha_bar * lambda + 1.0 - alpha_bar).sqrt() as f32;
    let deviations: Vec<f32> = lab.data.eigenvalues.iter().map(deviation).collect();
    let matched = noise.iter().zip(deviations.iter().cycle()).map(|(z, deviation)| z * deviation).collect();
    let mut rows = Vec::new();
    for (suffix, mut z) in [("from_noise", noise), ("from_gaussian", matched)] {
        chain.run(&mut z, s, Family::LateStarts.first(), &mut |_, _| advance(1))?;
        let placed = |row| ObservableRow { t: Some(s.get()), ..row };
        rows.extend(judge.rows(model.name, suffix, &z).into_iter().map(placed));
    }
    Ok(rows)
}
