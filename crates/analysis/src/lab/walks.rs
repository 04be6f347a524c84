//! The two experiments on whole trajectories: U-turns and clones.

use data::Samples;
use model::{Denoiser, Family, Walk};
use schedule::Timestep;

use super::Lab;
use crate::AnalysisError;

/// Samples carried to x_t and back, for every t of the grid: x_0 -> x_t -> x_0'.
///
/// Sclocchi, Favero and Wyart 2025.
pub struct UTurns {
    /// The timesteps.
    pub times: Vec<Timestep>,
    /// z_0, N samples spread over their set: `[N, d]`.
    pub z0: Vec<f32>,
    /// Which samples they are.
    pub indices: Vec<usize>,
    /// z_0' for each timestep: `[N, d]`.
    pub ends: Vec<Vec<f32>>,
}

/// Pairs of reverse trajectories that share their path from x_T to x_t, for every t of the grid.
///
/// Biroli, Bonnaire, de Bortoli and Mezard 2024, figures 2 and 4.
pub struct Clones {
    /// The timesteps.
    pub times: Vec<Timestep>,
    /// z_t where the clones part, for each timestep: `[N, d]`.
    pub parting: Vec<Vec<f32>>,
    /// z_0, where the common past would have ended had it gone on alone: `[N, d]`.
    pub end: Vec<f32>,
    /// Where the first clones end: `[N, d]`.
    pub first: Vec<Vec<f32>>,
    /// Where the second clones end: `[N, d]`.
    pub second: Vec<Vec<f32>>,
}

/// N test samples spread over the test set, whose order in the file is not random.
pub(crate) fn starts(lab: &Lab<'_>) -> Vec<usize> {
    lab.data.test.spread(lab.trajectories())
}

impl UTurns {
    /// Steps of the reverse chain for one model, the unit of progress.
    pub fn work(lab: &Lab<'_>) -> u64 {
        lab.grid().iter().map(|t| t.get() as u64).sum()
    }

    pub(super) fn run(
        lab: &Lab<'_>,
        denoiser: &dyn Denoiser,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, AnalysisError> {
        Self::from(lab, denoiser, (lab.data.test, starts(lab)), Family::UTurns.first(), advance)
    }

    /// As [`Self::run`] from N training samples, with noise of their own: trajectories 2^32, 2^32 + 1, ... of the family.
    pub(super) fn run_from_training(
        lab: &Lab<'_>,
        denoiser: &dyn Denoiser,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, AnalysisError> {
        let (train, wanted) = (lab.data.train, lab.settings.trajectories);
        let indices = train.spread(wanted.min(train.len()));
        Self::from(lab, denoiser, (train, indices), Family::UTurns.first() + (1 << 32), advance)
    }

    fn from(
        lab: &Lab<'_>,
        denoiser: &dyn Denoiser,
        (samples, indices): (&Samples, Vec<usize>),
        first: u64,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, AnalysisError> {
        let (times, chain) = (lab.grid(), lab.chain(denoiser));
        let z0 = samples.select(indices.iter().copied()).values;
        let walk = |&t: &Timestep| Walk { z: chain.noised(&z0, t, first), from: t, first };
        let mut walks: Vec<Walk> = times.iter().map(walk).collect();
        chain.run_together(&mut walks, &mut |_| advance(1))?;
        let ends = walks.into_iter().map(|walk| walk.z).collect();
        Ok(Self { times, z0, indices, ends })
    }
}

impl Clones {
    /// Steps of the reverse chain for one model, the unit of progress.
    pub fn work(lab: &Lab<'_>) -> u64 {
        lab.schedule.len() as u64 + 2 * UTurns::work(lab)
    }

    pub(super) fn run(
        lab: &Lab<'_>,
        denoiser: &dyn Denoiser,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, AnalysisError> {
        let (times, chain) = (lab.grid(), lab.chain(denoiser));
        let mut trunk = chain.start(lab.settings.trajectories, Family::Trunks.first());
        let mut parting = vec![Vec::new(); times.len()];
        let mut see = |s: usize, z: &[f32]| {
            if let Some(i) = times.iter().position(|t| t.get() == s) {
                parting[i] = z.to_vec();
            }
        };
        see(lab.schedule.len(), &trunk);
        chain.run(&mut trunk, lab.schedule.last(), Family::Trunks.first(), &mut |s, z| {
            advance(1);
            see(s, z);
        })?;
        let branch = |family: Family| {
            let walk = move |(z, &t): (&Vec<f32>, &Timestep)| Walk { z: z.clone(), from: t, first: family.first() };
            parting.iter().zip(&times).map(walk)
        };
        let mut walks: Vec<Walk> = branch(Family::FirstClones).chain(branch(Family::SecondClones)).collect();
        chain.run_together(&mut walks, &mut |_| advance(1))?;
        let second = walks.split_off(times.len()).into_iter().map(|walk| walk.z).collect();
        let first = walks.into_iter().map(|walk| walk.z).collect();
        Ok(Self { times, parting, end: trunk, first, second })
    }
}
