//! The posterior of a finite set of samples at noised samples: what a memoriser remembers.

use data::Samples;
use model::{Empirical, Family, WeightSummary};
use schedule::Timestep;

use super::Lab;

/// w_i(z_t) = softmax_i(-|z_t - sqrt(A) a_i|^2 / 2D) at noised samples, summarised, for every t of the fine grid.
///
/// Biroli, Bonnaire, de Bortoli and Mezard 2024, equation 5.
pub struct Recall {
    /// The timesteps.
    pub times: Vec<Timestep>,
    /// The samples z_0 that were noised, by their position in their set: `[N]`.
    pub indices: Vec<usize>,
    /// n, the points of the law.
    pub points: usize,
    /// The weights at each timestep: `[times][N]`.
    pub summaries: Vec<Vec<WeightSummary>>,
}

impl Recall {
    /// Timesteps, the unit of progress.
    pub fn work(lab: &Lab<'_>) -> u64 {
        lab.fine_grid().len() as u64
    }

    /// The posterior of `law` at `count` noised samples of `set`, spread over it and repeated where it is smaller; the
    /// noise is that of the probes `first`, `first + 1`, ...
    pub fn run(
        lab: &Lab<'_>,
        law: &Empirical,
        (set, count, first): (&Samples, usize, u64),
        advance: &(dyn Fn(u64) + Sync),
    ) -> Self {
        let indices = set.spread(count);
        let z0 = set.select(indices.iter().copied()).values;
        let (times, chain) = (lab.fine_grid(), lab.chain(law));
        let summarise = |&t: &Timestep| {
            let zt = chain.noised(&z0, t, Family::Probes.first() + first);
            advance(1);
            law.summaries_in_f32(t, &zt)
        };
        Self { summaries: times.iter().map(summarise).collect(), points: law.len(), times, indices }
    }

    /// One number of every summary: `[times][N]`.
    pub fn curves(&self, number: impl Fn(usize, &WeightSummary) -> f64) -> Vec<Vec<f64>> {
        let at = |summaries: &Vec<WeightSummary>| {
            summaries.iter().zip(&self.indices).map(|(summary, &i)| number(i, summary)).collect()
        };
        self.summaries.iter().map(at).collect()
    }

    /// H / ln n of every summary: `[times][N]`.
    pub fn entropy_shares(&self) -> Vec<Vec<f64>> {
        let scale = (self.points as f64).ln();
        self.curves(|_, summary| summary.entropy / scale)
    }

    /// Y2 of every summary: `[times][N]`.
    pub fn participations(&self) -> Vec<Vec<f64>> {
        self.curves(|_, summary| summary.participation)
    }

    /// Whether the most likely point is the one that was noised: `[times][N]` of 0 and 1.
    pub fn hits(&self) -> Vec<Vec<f64>> {
        self.curves(|i, summary| if summary.most_likely == i { 1.0 } else { 0.0 })
    }
}
