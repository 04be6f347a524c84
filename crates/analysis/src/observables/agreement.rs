//! Whether the two ends of trajectories have the same class: what cloning and U-turns share.

use model::ClassSnr;
use schedule::Timestep;

use super::ensemble::numbers;
use super::{Measured, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{ClassRule, Lab, UTurns};
use crate::stats::{Bootstrap, Interval};

/// The classes of pairs of final states, at every timestep of a grid.
pub(super) struct Agreement {
    times: Vec<Timestep>,
    /// 1 where the classes of pair i agree, else 0, at each timestep: `[N]`.
    agree: Vec<Vec<f64>>,
    /// The class that pair i is counted under, at each timestep: `[N]`.
    classes: Vec<Vec<usize>>,
}

impl Agreement {
    /// Of clones that part at t, counted under the class of the first.
    pub(super) fn of_clones(
        lab: &Lab<'_>,
        k: usize,
        rule: &ClassRule<'_>,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, AnalysisError> {
        let clones = lab.clones(k, advance)?;
        let pairs = clones.first.iter().zip(&clones.second);
        Ok(Self::of(&clones.times, pairs.map(|(first, second)| (rule.decide(first), rule.decide(second)))))
    }

    /// Of U-turns from the test set, counted under the class of z_0.
    pub(super) fn of_uturns(
        lab: &Lab<'_>,
        k: usize,
        rule: &ClassRule<'_>,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, AnalysisError> {
        Ok(Self::within(lab.uturns(k, advance)?, rule))
    }

    /// Of some U-turns, counted under the class of z_0.
    pub(super) fn within(uturns: &UTurns, rule: &ClassRule<'_>) -> Self {
        let start = rule.decide(&uturns.z0);
        Self::of(&uturns.times, uturns.ends.iter().map(|end| (start.clone(), rule.decide(end))))
    }

    fn of(times: &[Timestep], pairs: impl Iterator<Item = (Vec<usize>, Vec<usize>)>) -> Self {
        let same = |a: &[usize], b: &[usize]| a.iter().zip(b).map(|(a, b)| f64::from(u8::from(a == b))).collect();
        let (agree, classes) = pairs.map(|(first, second)| (same(&first, &second), first)).unzip();
        Self { times: times.to_vec(), agree, classes }
    }

    /// N.
    pub(super) fn trajectories(&self) -> usize {
        self.agree.first().map_or(0, Vec::len)
    }

    /// The timesteps.
    pub(super) fn times(&self) -> &[Timestep] {
        &self.times
    }

    /// At the i-th timestep, 1 for each pair that agrees.
    pub(super) fn at(&self, i: usize) -> &[f64] {
        &self.agree[i]
    }

    /// The class of each pair at the i-th timestep.
    pub(super) fn classes_at(&self, i: usize) -> &[usize] {
        &self.classes[i]
    }

    /// The share of agreeing pairs, of all and of each class, as `quantity`.
    pub(super) fn rows(&self, name: &str, quantity: &str, labels: &[u8], bootstrap: &Bootstrap) -> Vec<ObservableRow> {
        let mut rows = Vec::new();
        for (i, &t) in self.times.iter().enumerate() {
            let all = bootstrap.mean(&self.agree[i]);
            rows.push(ObservableRow::estimate(t, name, quantity, all, self.trajectories()));
            for (class, label) in labels.iter().enumerate() {
                let mask: Vec<bool> = self.classes[i].iter().map(|&c| c == class).collect();
                let count = mask.iter().filter(|is| **is).count();
                if count > 0 {
                    let share = bootstrap.mean_where(&self.agree[i], &mask);
                    rows.push(ObservableRow::estimate(t, name, quantity, share, count).of_group(label));
                }
            }
        }
        rows
    }

    /// Where the share of agreeing pairs, of all or of one class, passes through `level`.
    pub(super) fn crossing(&self, class: Option<usize>, level: f64, bootstrap: &Bootstrap) -> Option<Interval> {
        let times = numbers(&self.times);
        bootstrap.crossing_of(&times, level, |indices| self.curve(class, indices))
    }

    /// The share of agreeing pairs over t, of all or of one class, among some trajectories.
    pub(super) fn curve(&self, class: Option<usize>, indices: &[u32]) -> Vec<f64> {
        (0..self.times.len()).map(|i| self.share(i, class, indices)).collect()
    }

    fn share(&self, i: usize, class: Option<usize>, indices: &[u32]) -> f64 {
        let counted = |j: &usize| class.is_none_or(|class| self.classes[i][*j] == class);
        let chosen = indices.iter().map(|&j| j as usize).filter(counted);
        let (sum, count) = chosen.fold((0.0, 0_usize), |(sum, count), j| (sum + self.agree[i][j], count + 1));
        sum / count as f64
    }

    /// The times at which all, and each class, pass through phi = 0.7752, under the convention `{symbol} = 0.7752`.
    pub(super) fn transitions(
        &self,
        name: &str,
        symbol: &str,
        labels: &[u8],
        bootstrap: &Bootstrap,
    ) -> Vec<TransitionRow> {
        let convention = format!("{symbol} = 0.7752");
        let row = |class: Option<usize>| {
            let time = self.crossing(class, ClassSnr::SPECIATION_PHI, bootstrap);
            TransitionRow::measured(Transition::Speciation, &convention, name, time, self.trajectories())
        };
        let classes = labels.iter().enumerate().map(|(class, label)| row(Some(class)).of_group(label));
        [row(None)].into_iter().chain(classes).collect()
    }
}

/// phi_t without chains: of two equal Gaussians at kappa_t for every t, and of the reference law's posterior.
///
/// phi = (1 + q)/2, q = E tanh(kappa + sqrt(kappa) z) (`phi_of_kappa`); phi = E sum_c p(c | z_t)^2 (`phi_posterior`).
pub(super) fn theory(lab: &Lab<'_>) -> Result<Measured, AnalysisError> {
    let theory = lab.class_theory()?;
    let of_kappa =
        |(t, snr): (Timestep, &ClassSnr)| ObservableRow::exact(t, "data", "phi_of_kappa", snr.cloning_probability());
    let mut rows: Vec<_> = lab.schedule.timesteps().zip(&theory.kappas).map(of_kappa).collect();
    let mut transitions = Vec::new();
    if let Some(law) = &theory.law {
        let probes = law.phi.first().map_or(0, Vec::len);
        let bootstrap = lab.bootstrap(probes);
        for (&t, phi) in law.times.iter().zip(&law.phi) {
            rows.push(ObservableRow::estimate(t, &law.name, "phi_posterior", bootstrap.mean(phi), probes));
        }
        let times = numbers(&law.times);
        let time = bootstrap.crossing(&times, &law.phi, ClassSnr::SPECIATION_PHI);
        let convention = "phi of the posterior = 0.7752";
        let row = TransitionRow::measured(Transition::Speciation, convention, &law.name, time, probes);
        transitions.push(TransitionRow { kind: "predicted".to_owned(), ..row });
    }
    Ok(Measured { rows, transitions })
}

#[cfg(test)]
mod tests {
    use schedule::{Law, Schedule};

    use super::*;

    #[test]
    fn classes_are_counted_apart() {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 4).unwrap();
        let times: Vec<Timestep> = [1, 3].map(|t| schedule.timestep(t).unwrap()).to_vec();
        let pairs = [(vec![0, 0, 1, 1], vec![0, 0, 1, 1]), (vec![0, 0, 1, 1], vec![0, 1, 0, 0])];
        let agreement = Agreement::of(&times, pairs.into_iter());
        let bootstrap = Bootstrap::new(0, 100, 4);
        let rows = agreement.rows("law", "phi", &[1, 3], &bootstrap);
        let values: Vec<_> = rows.iter().map(|row| (row.t.unwrap(), row.group.as_str(), row.value)).collect();
        let expected = [(1, "all", 1.0), (1, "1", 1.0), (1, "3", 1.0), (3, "all", 0.25), (3, "1", 0.5), (3, "3", 0.0)];
        assert_eq!(values, expected);
        assert_eq!(rows[4].trajectories, Some(2));
        // From 1 at t = 1 to 1/4 at t = 3: 0.7752 at 1 + 2 (0.2248/0.75).
        let crossing = agreement.crossing(None, ClassSnr::SPECIATION_PHI, &bootstrap).unwrap();
        assert!((crossing.value - 1.599_466).abs() < 1e-5, "{crossing:?}");
        let class = agreement.crossing(Some(1), 0.5, &bootstrap).unwrap();
        assert_eq!(class.value, 2.0);
    }
}
