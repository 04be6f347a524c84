//! What a net in training says of two classes: the probes of [`ClassGauge`] as one machine sees them.

use model::{ClassGauge, ClassReading, Parametrisation};

use crate::Job;
use crate::epoch::wire;

/// The probes of one machine.
///
/// With u the net's target and c = sqrt(D/A) output, z0_hat = z_0 + c (u - net): m(z0_hat) is formed without the
/// cancellation of z_t - sqrt(D) eps_hat, as the losses are.
#[derive(Debug, Clone)]
pub(crate) struct Gauge<'a> {
    classes: &'a ClassGauge,
    /// The net's inputs: `[P, r]`.
    pub(crate) inputs: Vec<f32>,
    /// m(z_0 + c u), what a net that answers 0 has: `[P]`.
    skip: Vec<f64>,
    scale: f64,
}

impl<'a> Gauge<'a> {
    /// The probes of a machine; `None` where no classes are watched.
    pub(crate) fn new(job: &Job<'a>, wiring: &Parametrisation) -> Option<Self> {
        let classes = job.classes?;
        let (r, scale) = (wiring.inputs(), wiring.denoised_scale());
        let noise = classes.noise(r);
        let mut inputs = vec![0.0; noise.len()];
        let mut target = vec![0.0; r];
        let rows = classes.z0().chunks_exact(classes.direction().len()).zip(noise.chunks_exact(r));
        let skip = rows.zip(inputs.chunks_exact_mut(r)).map(|((z0, eps), input)| {
            wire(wiring, &z0[..r], eps, input, &mut target);
            let answer = z0.iter().zip(&target).map(|(&z0, &u)| f64::from(z0) + scale * f64::from(u));
            classes.order_parameter(answer)
        });
        let skip = skip.collect();
        Some(Self { classes, inputs, skip, scale })
    }

    /// 2 u / |m_2 - m_1| along the coordinates of the net: `[r]`.
    pub(crate) fn direction(&self) -> &[f64] {
        &self.classes.direction()[..self.inputs.len() / self.skip.len()]
    }

    /// The reading of a net from direction . net(z) of every probe: `[P]`.
    pub(crate) fn reading(&self, answers: impl Iterator<Item = f64>) -> ClassReading {
        let m: Vec<f64> = self.skip.iter().zip(answers).map(|(skip, answer)| skip - self.scale * answer).collect();
        self.classes.reading(&m)
    }
}
