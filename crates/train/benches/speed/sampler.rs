//! The reverse chain with a bank of machines on disk.

use std::fs;
use std::path::Path;
use std::time::Instant;

use model::checkpoint::{self, Checkpoint, History};
use model::{Bank, Chain, MachineConfig, Moments, Parametrisation, SkipKind, Weights};
use schedule::{Law, Purpose, ReverseVariance, Schedule, Stream};

use crate::clock::median;
use crate::flops;
use crate::report::Measurement;
use crate::{Context, Failure};

/// MNIST's pixels, and the directions in which its ones and threes vary.
const DIM: usize = 784;
const INPUTS: usize = 605;
const HIDDEN: usize = 200;
const TIMESTEPS: usize = 1000;
/// Trajectories run at once.
const COUNT: usize = 1000;

/// All 1000 steps for 1000 images: reading each step's machine, eps_hat, noise.
///
/// The parallelism is over blocks of 256 trajectories, on a pool of `threads`.
pub(crate) fn chain(context: &Context<'_>, threads: usize) -> Result<Measurement, Failure> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build()?.install(|| {
        let schedule = Schedule::new(Law::Linear { beta_start: 1e-4, beta_end: 0.02 }, TIMESTEPS)?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speed_bank");
        write_bank(&folder, &schedule)?;
        let bank = Bank::open(&folder, DIM);
        let chain = Chain {
            denoiser: &bank,
            schedule: &schedule,
            variance: ReverseVariance::Posterior,
            stride: 1,
            noiseless_steps: 1,
            seed: 0,
        };
        let (begin, mut seconds) = (Instant::now(), Vec::new());
        while seconds.is_empty() || begin.elapsed() < context.arguments.budget {
            let mut z = chain.start(COUNT, 0);
            let run = Instant::now();
            chain.run(&mut z, schedule.last(), 0, &mut |_, _| {})?;
            seconds.push(run.elapsed().as_secs_f64());
        }
        fs::remove_dir_all(&folder)?;
        Ok(Measurement { seconds: median(seconds), flops: flops::chain(TIMESTEPS, COUNT, INPUTS, HIDDEN) })
    })
}

/// Writes one machine and links it under the name of every timestep.
fn write_bank(folder: &Path, schedule: &Schedule) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let t = schedule.timestep(TIMESTEPS / 2)?;
    let config = MachineConfig::dense(HIDDEN, SkipKind::Wiener);
    let eigenvalues = (0..DIM).map(|k| if k < INPUTS { 1.0 } else { 0.0 }).collect();
    let moments = Moments { eigenvalues, second_moment: INPUTS as f64 / DIM as f64 };
    let mut weights = Weights::init(config, INPUTS, 0, t);
    // W2 is 0 at the start of training: small random numbers make the products those of a trained machine.
    Stream::new(0, Purpose::Init, 0, 1).fill_symmetric(1e-3, &mut weights.w2);
    let machine = Parametrisation::new(config, schedule, t, &moments).machine(&weights);
    let (alpha_bar, key, history) = (schedule.alpha_bar(t), String::new(), History::default());
    let file = folder.join("machine.safetensors");
    fs::write(&file, checkpoint::write(&Checkpoint { t: t.get(), alpha_bar, key, machine: machine.into(), history })?)?;
    for t in schedule.timesteps() {
        fs::hard_link(&file, folder.join(Bank::file_name(t)))?;
    }
    Ok(())
}
