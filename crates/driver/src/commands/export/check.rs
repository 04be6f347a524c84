//! States and this program's answers to them, by which whoever loads a bank sees that it was loaded right.

use std::io::{self, Seek, Write};

use analysis::{Run, samples_from_bytes};
use data::Frame;
use model::{BankWriter, Machine, Predictor};
use schedule::{Purpose, Schedule, Stream, Timestep};

use super::Machines;
use crate::DriverError;
use crate::folder::RunFolder;

/// Timesteps at which answers are stored, at most.
const TIMES: usize = 5;

/// States in the data's own coordinates at some timesteps, N each, and the answers to them.
pub(super) struct Check {
    timesteps: Vec<Timestep>,
    /// N.
    each: usize,
    /// x_t: `[C, N, d]`.
    states: Vec<f32>,
    /// eps_hat in f64, filled as the machines come by: `[C, N, d]`.
    exact: Vec<f64>,
    /// The same as the chain of this program computes it: `[C, N, d]`.
    program: Vec<f32>,
}

impl Check {
    /// `each` noised samples of the run, x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps, at some of the
    /// timesteps; x_0 = 0 where the run has drawn no samples.  Streams: (0, forward, number, t).
    ///
    /// # Errors
    /// Samples or a machine that cannot be read.
    pub(super) fn states(
        folder: &RunFolder,
        machines: &Machines<'_>,
        timesteps: &[Timestep],
        each: usize,
    ) -> Result<Self, DriverError> {
        let last = timesteps.len().saturating_sub(1);
        let spread = (0..TIMES).map(|i| i * last / (TIMES - 1)).filter_map(|i| timesteps.get(i).copied());
        let mut chosen: Vec<Timestep> = spread.filter(|_| each > 0).collect();
        chosen.dedup();
        let mut states = Vec::new();
        if let Some(&first) = chosen.first() {
            let dim = machines.read(first)?.dim;
            let path = folder.root().join(Run::SAMPLES_FILE);
            let samples = match folder.bytes_if_present(Run::SAMPLES_FILE)? {
                Some(bytes) => Some(samples_from_bytes(&path, &bytes)?).filter(|found| found.dim() == dim),
                None => None,
            };
            for &t in &chosen {
                let forward = machines.schedule.forward(t);
                let (signal, noise) = (forward.signal as f32, forward.noise as f32);
                for i in 0..each {
                    let mut x = vec![0.0; dim];
                    Stream::new(0, Purpose::Forward, i as u64, t.get() as u64).fill_normal(&mut x);
                    x.iter_mut().for_each(|x| *x *= noise);
                    if let Some(x0) = samples.as_ref().and_then(|samples| samples.row(i % samples.len().max(1))) {
                        x.iter_mut().zip(x0).for_each(|(x, x0)| *x += signal * x0);
                    }
                    states.extend(x);
                }
            }
        }
        let len = states.len();
        Ok(Self { timesteps: chosen, each, states, exact: vec![0.0; len], program: vec![0.0; len] })
    }

    /// C and N.
    pub(super) fn shape(&self) -> [usize; 2] {
        [self.timesteps.len(), self.each]
    }

    /// Asks the machine of t, where there are states of that timestep.
    pub(super) fn answer(&mut self, t: Timestep, machine: &Machine, (frame, schedule): (&Frame, &Schedule)) {
        let Some(c) = self.timesteps.iter().position(|&of| of == t) else { return };
        let (d, signal) = (machine.dim, schedule.forward(t).signal);
        let range = c * self.each * d..(c + 1) * self.each * d;
        let x = &self.states[range.clone()];
        let mut eps_hat = vec![0.0; x.len()];
        machine.eps_hat(&frame.project(x, signal), &mut eps_hat);
        // Noise has no mean to add: the frame at signal 0 is the rotation alone.
        self.program[range.clone()].copy_from_slice(&frame.lift(&eps_hat, 0.0));
        for (exact, x) in self.exact[range].chunks_exact_mut(d).zip(x.chunks_exact(d)) {
            exact.copy_from_slice(&exactly(machine, frame, signal, x));
        }
    }

    /// Writes states and answers, where there are any.
    pub(super) fn write<W: Write + Seek>(&self, bank: &mut BankWriter<W>) -> io::Result<()> {
        if self.states.is_empty() {
            return Ok(());
        }
        bank.i64s("check_t", 0, &self.timesteps.iter().map(|t| t.get()).collect::<Vec<_>>())?;
        bank.f32s("check_x", 0, &self.states)?;
        bank.f64s("check_eps_hat", 0, &self.exact)?;
        bank.f32s("check_eps_hat_f32", 0, &self.program)
    }
}

/// eps_hat(x) = U eps_hat(U^T (x - signal mu)) of one state in f64.  x: `[d]` -> `[d]`.
fn exactly(machine: &Machine, frame: &Frame, signal: f64, x: &[f32]) -> Vec<f64> {
    let mut centred: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    if let Frame::Principal(pca) = frame {
        centred.iter_mut().zip(&pca.mean).for_each(|(x, mean)| *x -= signal * mean);
    }
    frame.lift_direction(&machine.eps_hat_in_f64(&frame.project_direction(&centred)))
}
