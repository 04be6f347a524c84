//! Class entropy without a law: what a convex probe of z_t says of the class that follows.

mod regression;

use model::{ClassSnr, Family, Wiener};
use rayon::prelude::*;
use schedule::{Purpose, Stream, Timestep};

use super::class_posterior::{
    CLASS_ENTROPY, CLASS_ENTROPY_RATE, SURPRISAL_VARIANCE, classes_of, crossover, equal_gaussians, slope_curves,
};
use super::ensemble::{Ensemble, mean, numbers};
use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{ClassRule, Clones, Lab, starts};
use crate::smoothing::slopes;
use regression::Probe;

/// The cross-entropy H = E[-ln p(c | z_t)] of a probe p fitted at each t to pairs of a state z_t and a class c, judged on
/// pairs it has not seen: an upper bound of the class entropy H(c | z_t), in nats. With it dH/dt, the loss of class entropy
/// in a reverse step; Var[-ln p(c | z_t)], the variance of the surprisal over trajectories; and the share of classes that
/// are the probe's most likely one.
///
/// `data`: noised training samples with their classes, judged on noised test samples. Models: z_t of reverse trajectories,
/// where clones part, with the classes of the three ends they have (their own and those of two clones, independent of each
/// other given z_t), cross-fitted in five folds, so that a trajectory is judged by a probe of the others.
///
/// The probe is a logistic regression on the monomials up to the second order of the 8 leading principal axes, of which the
/// log-odds of Gaussian classes are a linear function, whatever their covariances; what the other axes know of the class is
/// lost, and the bound lies the higher. Theory: E[-sum_c p ln p] and Var of the exact law's posterior
/// (`class_entropy_posterior`, ...), and two equal Gaussians of the same kappa, for which H = ln 2 - I = 0.3563 at kappa = 1.
/// Handke 2025; Stancevic and Ambrogioni 2026; Alain and Bengio 2017 for probes.
pub(super) struct NoisyClassProbe;

/// Leading principal axes that a probe reads, at most.
const AXES: usize = 8;
/// Parts of the trajectories, each judged by a probe of the others.
const FOLDS: usize = 5;
/// States that a probe of the data is fitted to times the number of classes, at most: its cost grows with the square of both.
const FITTED: usize = 20_000;
/// Where the training samples' noise begins in its family.
const TRAINING: u64 = 1 << 32;

impl Observable for NoisyClassProbe {
    fn name(&self) -> &'static str {
        "noisy_class_probe"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "From which t on can the class be read off x_t, in the data and in the model's own trajectories?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let least = lab.settings.trajectories.min(lab.data.train.len()).min(lab.data.test.len());
        let models = lab.model_count() * (Clones::work(lab) + lab.grid().len() as u64);
        (lab.has_classes() && least >= 2 * FOLDS).then(|| lab.fine_grid().len() as u64 + models)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let mut measured = Measured::default();
        let Some(rule) = lab.class_rule()?.filter(|rule| rule.count() > 1) else { return Ok(measured) };
        of_data(lab, rule.count(), advance)?.report(lab, "data", &mut measured);
        for (k, model) in lab.models()?.into_iter().enumerate() {
            of_trajectories(lab, rule, lab.clones(k, advance)?, advance).report(lab, model.name, &mut measured);
        }
        measured.rows.extend(posterior(lab)?);
        let drawn = [CLASS_ENTROPY, CLASS_ENTROPY_RATE, SURPRISAL_VARIANCE];
        let theory = equal_gaussians(lab)?.into_iter().filter(|row| drawn.contains(&row.quantity.as_str()));
        measured.rows.extend(theory);
        Ok(measured)
    }
}

/// The leading axes of every row.  z: `[n, d]` -> `[n, axes]`.
fn leading(z: &[f32], d: usize, axes: usize) -> Vec<f32> {
    z.chunks_exact(d).flat_map(|row| &row[..axes]).copied().collect()
}

/// How often each class follows from each state.  ends: lists of one class a state -> `[n, K]`.
fn counted(ends: &[&[usize]], classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0; ends.first().map_or(0, |ends| ends.len()) * classes];
    for ends in ends {
        counts.chunks_exact_mut(classes).zip(*ends).for_each(|(counts, &class)| counts[class] += 1.0);
    }
    counts
}

/// Noised training samples teach, noised test samples judge.
fn of_data(lab: &Lab<'_>, classes: usize, advance: &(dyn Fn(u64) + Sync)) -> Result<Judgements, AnalysisError> {
    let (d, axes) = (lab.dim(), AXES.min(lab.dim()));
    let train = lab.data.train.select(lab.data.train.spread(lab.data.train.len().min(FITTED / classes)));
    let test = lab.data.test.select(starts(lab));
    let (learned, asked) = (classes_of(lab, &train)?, classes_of(lab, &test)?);
    let counts = counted(&[&learned], classes);
    let (train, test) = (leading(&train.values, d, axes), leading(&test.values, d, axes));
    // The noise of the leading axes is the same whatever the number of axes behind them.
    let narrow = Wiener::new(lab.schedule, &lab.data.eigenvalues[..axes]);
    let (chain, times) = (lab.chain(&narrow), lab.fine_grid());
    let at = |&t: &Timestep| {
        let zt = chain.noised(&train, t, Family::Probes.first() + TRAINING);
        let probe = Probe::fit(&zt, &counts, [axes, classes], lab.settings.seed);
        let p = probe.probabilities(&chain.noised(&test, t, Family::Probes.first()));
        advance(1);
        Judged::of(&p, &[&asked], classes)
    };
    Ok(Judgements { judged: times.par_iter().map(at).collect(), times, classes })
}

/// Trajectories teach about each other.
fn of_trajectories(lab: &Lab<'_>, rule: &ClassRule<'_>, clones: &Clones, advance: &(dyn Fn(u64) + Sync)) -> Judgements {
    let (d, axes, classes) = (lab.dim(), AXES.min(lab.dim()), rule.count());
    let trunk = rule.decide(&clones.end);
    let at = |k: usize| {
        let zt = leading(&clones.parting[k], d, axes);
        let (first, second) = (rule.decide(&clones.first[k]), rule.decide(&clones.second[k]));
        let ends: [&[usize]; 3] = [&trunk, &first, &second];
        let p = cross_fitted(&zt, &counted(&ends, classes), [axes, classes], lab.settings.seed);
        advance(1);
        Judged::of(&p, &ends, classes)
    };
    let judged = (0..clones.times.len()).into_par_iter().map(at).collect();
    Judgements { times: clones.times.clone(), judged, classes }
}

/// p(c | z_t) of every row by a probe that was fitted to the other folds.  zt: `[n, axes]`, counts: `[n, K]` -> `[n, K]`.
fn cross_fitted(zt: &[f32], counts: &[f64], [axes, classes]: [usize; 2], seed: u64) -> Vec<f64> {
    let n = zt.len() / axes;
    let order = Stream::new(seed, Purpose::Choice, 16, n as u64).permutation(n);
    let mut probabilities = vec![0.0; n * classes];
    for fold in 0..FOLDS {
        let members = |own: bool| {
            let places = order.iter().enumerate().filter(move |(place, _)| (place % FOLDS == fold) == own);
            places.map(|(_, &i)| i as usize).collect::<Vec<_>>()
        };
        let (within, others) = (members(true), members(false));
        let states = |rows: &[usize]| rows.iter().flat_map(|&i| &zt[i * axes..][..axes]).copied().collect::<Vec<_>>();
        let of_others: Vec<f64> = others.iter().flat_map(|&i| &counts[i * classes..][..classes]).copied().collect();
        let probe = Probe::fit(&states(&others), &of_others, [axes, classes], seed);
        let found = probe.probabilities(&states(&within));
        for (&i, p) in within.iter().zip(found.chunks_exact(classes)) {
            probabilities[i * classes..][..classes].copy_from_slice(p);
        }
    }
    probabilities
}

/// One number a trajectory at one t.
struct Judged {
    /// -ln p(c | z_t), the mean over the ends of the trajectory.
    surprisal: Vec<f64>,
    /// (-ln p(c | z_t) - H)^2, the mean over the ends, H the mean over all.
    spread: Vec<f64>,
    /// The share of the ends whose class is the most likely one.
    right: Vec<f64>,
}

impl Judged {
    /// p: `[n, K]`, ends: lists of one class a trajectory.
    fn of(p: &[f64], ends: &[&[usize]], classes: usize) -> Self {
        let over_ends = |number: &dyn Fn(&[f64], usize) -> f64| -> Vec<f64> {
            let row =
                |(i, p): (usize, &[f64])| ends.iter().map(|ends| number(p, ends[i])).sum::<f64>() / ends.len() as f64;
            p.chunks_exact(classes).enumerate().map(row).collect()
        };
        // A probability that rounds to 0 is as small as f64 can be.
        let surprise = |p: &[f64], class: usize| -p[class].max(f64::MIN_POSITIVE).ln();
        let surprisal = over_ends(&surprise);
        let entropy = surprisal.iter().sum::<f64>() / surprisal.len() as f64;
        let spread = over_ends(&|p, class| (surprise(p, class) - entropy).powi(2));
        let right = over_ends(&|p, class| f64::from(u8::from(p.iter().all(|other| *other <= p[class]))));
        Self { surprisal, spread, right }
    }
}

/// What a probe says of some trajectories at every t.
struct Judgements {
    times: Vec<Timestep>,
    judged: Vec<Judged>,
    /// K.
    classes: usize,
}

impl Judgements {
    fn curves(&self, number: impl Fn(&Judged) -> &Vec<f64>) -> Vec<Vec<f64>> {
        self.judged.iter().map(|judged| number(judged).clone()).collect()
    }

    fn report(&self, lab: &Lab<'_>, model: &str, measured: &mut Measured) {
        let (surprisal, spread) = (self.curves(|judged| &judged.surprisal), self.curves(|judged| &judged.spread));
        let everyone = Ensemble::named(lab, "all", surprisal.first().map_or(0, Vec::len));
        let quantities = [
            (CLASS_ENTROPY, &surprisal),
            (CLASS_ENTROPY_RATE, &slope_curves(&self.times, &surprisal)),
            (SURPRISAL_VARIANCE, &spread),
            ("accuracy", &self.curves(|judged| &judged.right)),
        ];
        for (quantity, curves) in quantities {
            measured.rows.extend(everyone.rows((model, quantity), &self.times, curves, mean));
        }
        let time = |convention: &str, time| {
            TransitionRow::measured(Transition::Speciation, convention, model, time, everyone.len())
        };
        if self.classes == 2 {
            let crossing = everyone.crossing(&self.times, &surprisal, critical_entropy());
            measured.transitions.push(time("probe: H(c|x_t) = 0.3563", crossing));
        }
        let window = crossover(&surprisal);
        let peak = everyone.peak(&self.times[window.clone()], &spread[window], mean);
        measured.transitions.push(time("probe: peak of Var[-ln p(c|x_t)]", Some(peak)));
    }
}

/// H(c | z_t) of two equal Gaussians at kappa = 1, ln 2 - I = 0.3563 nats.
fn critical_entropy() -> f64 {
    std::f64::consts::LN_2 - ClassSnr(1.0).information()
}

/// H, dH/dt and the variance of the surprisal by the exact posterior, whose classes are drawn from itself.
fn posterior(lab: &Lab<'_>) -> Result<Vec<ObservableRow>, AnalysisError> {
    let Some(law) = &lab.class_theory()?.law else { return Ok(Vec::new()) };
    let count = law.entropy.first().map_or(0, Vec::len);
    let bootstrap = lab.bootstrap(count);
    let means: Vec<f64> = law.entropy.iter().map(|values| values.iter().sum::<f64>() / count as f64).collect();
    let rates = slopes(&numbers(&law.times), &means);
    let rows = law.times.iter().zip(&law.entropy).zip(&law.surprisal2).zip(means.iter().zip(rates));
    let rows = rows.flat_map(|(((&t, entropy), squares), (&mean, rate))| {
        let spread: Vec<f64> =
            entropy.iter().zip(squares).map(|(h, square)| square - 2.0 * mean * h + mean * mean).collect();
        let estimate =
            |quantity, values: &[f64]| ObservableRow::estimate(t, &law.name, quantity, bootstrap.mean(values), count);
        [
            estimate("class_entropy_posterior", entropy),
            ObservableRow::exact(t, &law.name, "class_entropy_rate_posterior", rate),
            estimate("surprisal_variance_posterior", &spread),
        ]
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_has_not_seen_the_rows_knows_nothing_of_random_classes() {
        let (n, axes) = (400, 8);
        let mut zt = vec![0.0; n * axes];
        Stream::new(1, Purpose::Choice, 0, 0).fill_normal(&mut zt);
        let mut stream = Stream::new(2, Purpose::Choice, 0, 0);
        let classes: Vec<usize> = (0..n).map(|_| stream.below(2) as usize).collect();
        let counts = counted(&[&classes], 2);
        let entropy = |p: &[f64]| Judged::of(p, &[&classes], 2).surprisal.iter().sum::<f64>() / n as f64;
        let honest = entropy(&cross_fitted(&zt, &counts, [axes, 2], 0));
        assert!(honest > std::f64::consts::LN_2 - 0.01 && honest < std::f64::consts::LN_2 + 0.02, "{honest}");
        // Classes that follow from the state are found, by the same folds.
        let classes: Vec<usize> = zt.chunks_exact(axes).map(|z| usize::from(z[0] * z[1] > 0.0)).collect();
        let p = cross_fitted(&zt, &counted(&[&classes], 2), [axes, 2], 0);
        let judged = Judged::of(&p, &[&classes], 2);
        let accuracy = judged.right.iter().sum::<f64>() / n as f64;
        assert!(accuracy > 0.8, "{accuracy}");
    }

    #[test]
    fn ends_of_a_trajectory_are_averaged() {
        let judged = Judged::of(&[0.25, 0.75, 0.5, 0.5], &[&[0, 0], &[1, 1]], 2);
        let (a, b, c) = (4.0_f64.ln(), (4.0_f64 / 3.0).ln(), 2.0_f64.ln());
        let entropy = (a + b + 2.0 * c) / 4.0;
        assert!((judged.surprisal[0] - (a + b) / 2.0).abs() < 1e-12 && (judged.surprisal[1] - c).abs() < 1e-12);
        let variance = ((a - entropy).powi(2) + (b - entropy).powi(2) + 2.0 * (c - entropy).powi(2)) / 4.0;
        assert!((judged.spread.iter().sum::<f64>() / 2.0 - variance).abs() < 1e-12);
        assert_eq!(judged.right, [0.5, 1.0]);
    }

    #[test]
    fn the_critical_entropy_is_that_of_the_table() {
        assert!((critical_entropy() - 0.356_316_360_3).abs() < 1e-9);
    }
}
