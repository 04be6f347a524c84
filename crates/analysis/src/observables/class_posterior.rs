//! Speciation by the exact posterior of the class: agreement of clones, class entropy, and their fluctuations.

use std::ops::Range;

use data::Samples;
use model::speciation::TwoClasses;
use model::{ClassSnr, Family};
use schedule::Timestep;

use super::empirical_posterior::EMPIRICAL_TRAIN;
use super::ensemble::{Ensemble, Statistic, mean, numbers, variance};
use super::{Group, Law, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::starts;
use crate::lab::{Lab, Recall};
use crate::smoothing::slopes;

/// With p = p(c | x_t) of an exact law at noised test samples: phi = E sum_c p_c^2, the probability that two clones which
/// share x_t agree in class; the class entropy H(c | x_t) = E h, h = -sum_c p_c ln p_c, and its loss per reverse step
/// dH/dt; Var h; and the variance of the surprisal -ln p(c | x_t) of the true class over samples.
///
/// phi = 0.7752 and the peaks are conventions for t_S: of two equal Gaussians phi reaches it at kappa = 1,
/// and Var[-ln p] its maximum at 1.02. Biroli, Bonnaire, de Bortoli and Mezard 2024 for phi; Handke 2025, Stancevic and Ambrogioni 2026 for
/// entropies and their fluctuations. The slopes are least-squares slopes over a window of the grid; peaks are sought while
/// H lies between 5% and 95% of its largest value, since at small t a few samples on the wrong side of a posterior that does
/// not know them make any variance.
pub(super) struct ClassPosterior;

/// Two Gaussians of equal covariance with the class means and pooled covariance of the training set, in closed form.
pub(super) const EQUAL_GAUSSIANS: &str = "equal_gaussians";

/// Quantity of the cloning probability.
const PHI: &str = "phi";
/// Quantities of the class entropy, of its slope over t, and of the variance of the surprisal.
pub(super) const CLASS_ENTROPY: &str = "class_entropy";
pub(super) const CLASS_ENTROPY_RATE: &str = "class_entropy_rate";
pub(super) const SURPRISAL_VARIANCE: &str = "surprisal_variance";

impl Observable for ClassPosterior {
    fn name(&self) -> &'static str {
        "class_posterior"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "From which t on does x_t decide the class, if the posterior is exact?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let laws = if lab.labels().len() > 1 { 4 } else { 1 };
        lab.has_classes().then(|| laws * Recall::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut measured = Measured::default();
        let test = Probes::of_test(lab)?;
        if let Some(law) = lab.reference()? {
            test.through(lab, law, advance).measure(lab, &mut measured);
        }
        if lab.labels().len() < 2 {
            return Ok(measured);
        }
        let (train, test) = (lab.data.train, lab.data.test);
        let own = Recall::run(lab, lab.empirical_test()?, (test, lab.trajectories(), 0), advance);
        Decisions::remembered(lab, "empirical_test", &own, &test.labels, None).measure(lab, &mut measured);
        let recall = lab.recall_test(advance)?;
        Decisions::remembered(lab, EMPIRICAL_TRAIN, recall, &test.labels, None).measure(lab, &mut measured);
        let recall = lab.recall_train(advance)?;
        Decisions::remembered(lab, EMPIRICAL_TRAIN, recall, &train.labels, Some("train")).measure(lab, &mut measured);
        measured.rows.extend(equal_gaussians(lab)?);
        Ok(measured)
    }
}

/// The test samples that are noised, with their classes.
struct Probes {
    z0: Vec<f32>,
    classes: Vec<usize>,
}

impl Probes {
    fn of_test(lab: &Lab<'_>) -> Result<Self, AnalysisError> {
        let chosen = lab.data.test.select(starts(lab));
        let classes = classes_of(lab, &chosen)?;
        Ok(Self { z0: chosen.values, classes })
    }

    /// The class posterior of `law` at the noised samples.
    fn through<'a>(&self, lab: &Lab<'_>, law: Law<'a>, advance: &(dyn Fn(u64) + Sync)) -> Decisions<'a> {
        let (times, chain, k) = (lab.fine_grid(), lab.chain(law.denoiser), law.denoiser.classes());
        let at = |&t: &Timestep| {
            let zt = chain.noised(&self.z0, t, Family::Probes.first());
            let mut p = vec![0.0; self.classes.len() * k];
            law.denoiser.class_probabilities(t, &zt, &mut p);
            advance(1);
            p
        };
        let probabilities = times.iter().map(at).collect();
        Decisions { model: law.name, group: None, times, classes: self.classes.clone(), count: k, probabilities }
    }
}

/// The class of each sample: by its label, without labels by the lab's rule.
pub(super) fn classes_of(lab: &Lab<'_>, samples: &Samples) -> Result<Vec<usize>, AnalysisError> {
    Ok(match lab.class_rule()?.filter(|_| samples.labels.is_empty()) {
        Some(rule) => rule.decide(&samples.values),
        None => ranks(lab, &samples.labels),
    })
}

/// The rank of each label among the classes of the training set.
fn ranks(lab: &Lab<'_>, labels: &[u8]) -> Vec<usize> {
    let known = lab.labels();
    labels.iter().map(|label| known.iter().position(|k| k == label).unwrap_or(0)).collect()
}

/// p(c | x_t) of a law at noised samples of known class.
struct Decisions<'a> {
    model: &'a str,
    /// The one name of these trajectories, where they are not split into classes.
    group: Option<&'static str>,
    times: Vec<Timestep>,
    /// The true class of every trajectory: `[N]`.
    classes: Vec<usize>,
    /// K.
    count: usize,
    /// `[times][N, K]`.
    probabilities: Vec<Vec<f64>>,
}

impl Decisions<'static> {
    fn remembered(
        lab: &Lab<'_>,
        model: &'static str,
        recall: &Recall,
        labels: &[u8],
        group: Option<&'static str>,
    ) -> Self {
        let of_chosen: Vec<u8> = recall.indices.iter().map(|&i| labels[i]).collect();
        let row = |summaries: &Vec<model::WeightSummary>| {
            summaries.iter().flat_map(|summary| summary.class_probabilities.iter().copied()).collect()
        };
        Self {
            model,
            group,
            times: recall.times.clone(),
            classes: ranks(lab, &of_chosen),
            count: lab.labels().len(),
            probabilities: recall.summaries.iter().map(row).collect(),
        }
    }
}

impl Decisions<'_> {
    /// A number of every row p, given the true class: `[times][N]`.
    fn curves(&self, number: impl Fn(&[f64], usize) -> f64) -> Vec<Vec<f64>> {
        let at = |p: &Vec<f64>| {
            p.chunks_exact(self.count).zip(&self.classes).map(|(row, &class)| number(row, class)).collect()
        };
        self.probabilities.iter().map(at).collect()
    }

    fn ensembles(&self, lab: &Lab<'_>) -> Vec<Ensemble> {
        if let Some(group) = self.group {
            return vec![Ensemble::named(lab, group, self.classes.len())];
        }
        let labels = lab.labels();
        let label =
            |&class: &usize| labels.get(class).copied().unwrap_or_else(|| u8::try_from(class).unwrap_or(u8::MAX));
        Ensemble::with_classes(lab, &self.classes.iter().map(label).collect::<Vec<_>>(), self.classes.len())
    }

    fn measure(&self, lab: &Lab<'_>, measured: &mut Measured) {
        let agreement = self.curves(|p, _| p.iter().map(|p| p * p).sum());
        let entropy = self.curves(|p, _| entropy(p));
        let rate = slope_curves(&self.times, &entropy);
        // A posterior that rounds to 0 is as certain as f64 can be.
        let surprisal = self.curves(|p, class| -p[class].max(f64::MIN_POSITIVE).ln());
        let quantities: [(&str, &[Vec<f64>], Statistic); 5] = [
            (PHI, &agreement, mean),
            (CLASS_ENTROPY, &entropy, mean),
            (CLASS_ENTROPY_RATE, &rate, mean),
            ("entropy_variance", &entropy, variance),
            (SURPRISAL_VARIANCE, &surprisal, variance),
        ];
        for ensemble in self.ensembles(lab) {
            for (quantity, curves, statistic) in quantities {
                measured.rows.extend(ensemble.rows((self.model, quantity), &self.times, curves, statistic));
            }
            if ensemble.group != "all" && self.group.is_none() {
                continue;
            }
            let crossing = ensemble.crossing(&self.times, &agreement, ClassSnr::SPECIATION_PHI);
            let row = |convention, time| predicted(convention, self.model, time, &ensemble);
            let window = crossover(&entropy);
            let peak = |curves: &[Vec<f64>], statistic| {
                Some(ensemble.peak(&self.times[window.clone()], &curves[window.clone()], statistic))
            };
            measured.transitions.extend([
                row("phi = 0.7752", crossing),
                row("peak of dH(c|x_t)/dt", peak(&rate, mean)),
                row("peak of Var[-ln p(c|x_t)]", peak(&surprisal, variance)),
                row("peak of Var h(c|x_t)", peak(&entropy, variance)),
            ]);
        }
    }
}

/// A time read off an exact posterior, with the interval of its probes.
fn predicted(
    convention: &str,
    model: &str,
    time: Option<crate::stats::Interval>,
    ensemble: &Ensemble,
) -> TransitionRow {
    let row = TransitionRow::measured(Transition::Speciation, convention, model, time, ensemble.len());
    TransitionRow { kind: "predicted".to_owned(), ..row.of_group(&ensemble.group) }
}

/// The times at which the mean lies between 5% and 95% of its largest value.  curves: `[times][N]`.
pub(super) fn crossover(curves: &[Vec<f64>]) -> Range<usize> {
    let means: Vec<f64> = curves.iter().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect();
    let top = means.iter().copied().fold(0.0, f64::max);
    let within: Vec<usize> = (0..means.len()).filter(|&k| (0.05 * top..0.95 * top).contains(&means[k])).collect();
    match (within.first(), within.last()) {
        (Some(&first), Some(&last)) => first..last + 1,
        _ => 0..means.len(),
    }
}

/// -sum p ln p in nats.
fn entropy(p: &[f64]) -> f64 {
    0.0 - p.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

/// The slope over t of every trajectory's curve: `[times][N]` both.
pub(super) fn slope_curves(times: &[Timestep], curves: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let (times, n) = (numbers(times), curves.first().map_or(0, Vec::len));
    let mut sloped = vec![vec![0.0; n]; curves.len()];
    for i in 0..n {
        let curve: Vec<f64> = curves.iter().map(|values| values[i]).collect();
        sloped.iter_mut().zip(slopes(&times, &curve)).for_each(|(out, slope)| out[i] = slope);
    }
    sloped
}

/// The same quantities of two equal Gaussians at kappa_t, the linear discriminant's on the training set; none for another
/// number of classes.
pub(super) fn equal_gaussians(lab: &Lab<'_>) -> Result<Vec<ObservableRow>, AnalysisError> {
    if lab.labels().len() != 2 {
        return Ok(Vec::new());
    }
    let (classes, times) = (TwoClasses::of(lab.data.train)?, lab.fine_grid());
    let snr = |&t: &Timestep| ClassSnr(classes.snr(lab.schedule.alpha_bar(t)));
    let entropies: Vec<f64> = times.iter().map(|t| std::f64::consts::LN_2 - snr(t).information()).collect();
    let rates = slopes(&numbers(&times), &entropies);
    let rows = times.iter().zip(entropies).zip(rates).flat_map(|((t, entropy), rate)| {
        let row = |quantity, value| ObservableRow::exact(*t, EQUAL_GAUSSIANS, quantity, value);
        [
            row(PHI, snr(t).cloning_probability()),
            row(CLASS_ENTROPY, entropy),
            row(CLASS_ENTROPY_RATE, rate),
            row("entropy_variance", snr(t).entropy_variance()),
            row(SURPRISAL_VARIANCE, snr(t).surprisal_variance()),
        ]
    });
    Ok(rows.collect())
}
