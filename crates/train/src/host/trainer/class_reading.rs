//! How the net tells two classes apart, by the products of training.

use model::ClassReading;

use super::Trainer;
use crate::host::batch::Levels;
use crate::host::panels::{Rows, row_stride};
use crate::host::product::{Start, Then, product};
use crate::host::upcoming::Upcoming;

impl Trainer<'_> {
    /// The present reading of the probes, where classes are watched.
    ///
    /// direction . net(z) = hidden . (W2 direction) + direction . (b2 + gains z): one product of `[P, r]` by `[r, H]`, P at
    /// most 256, where an epoch has 5 n + 2 (n + m) such rows: 0.3% of one of 12,500 samples.
    pub(crate) fn class_reading(&mut self) -> Option<ClassReading> {
        let gauge = self.gauge.as_ref()?;
        let (r, h) = (self.job.set.inputs, self.job.config.hidden);
        let stride = row_stride(self.inputs);
        // The output that answers for the time, where there is one, has no part in the direction.
        let mut direction = gauge.direction().to_vec();
        direction.resize(self.inputs, 0.0);
        let (w2, bias) = (self.w2.times(&direction[..self.seen]), self.b2.times(&direction));
        let gain = |k: usize| match self.gains_in_use[..] {
            [] => 0.0,
            [gain] => f64::from(gain),
            ref gains => f64::from(gains[k]),
        };
        // What gains and direction make of z together.
        let skipped: Vec<f64> = gauge.direction().iter().enumerate().map(|(k, u)| gain(k) * u).collect();
        let mut answers = Vec::new();
        for block in gauge.inputs.chunks(self.block * r) {
            let rows = block.len() / r;
            for (to, z) in self.batch.inputs.chunks_exact_mut(stride).zip(block.chunks_exact(r)) {
                to[..r].copy_from_slice(z);
                if let Levels::Same(level) = self.levels {
                    to[r] = level.time;
                }
            }
            if let Some(narrowed) = &mut self.batch.narrowed {
                narrowed.take_inputs(&self.batch.inputs, rows);
            }
            let seen = self.batch.narrowed.as_ref().map_or(&self.batch.inputs, |narrowed| &narrowed.inputs);
            product(
                self.isa,
                Rows { values: seen, rows, cols: self.seen },
                self.w1.matrix(),
                Start::Row(&self.b1.value),
                &mut self.batch.hidden,
                Then::Relu,
                &Upcoming::default(),
            );
            let local = self.local.as_mut().filter(|_| self.has_local).map(|local| {
                let errors = &mut self.batch.errors;
                errors[..rows * stride].fill(0.0);
                local.add_answers(Rows { values: &self.batch.inputs, rows, cols: self.inputs }, errors);
                errors.chunks_exact(stride).map(|row| dot(&row[..r], &direction)).take(rows).collect::<Vec<_>>()
            });
            let hidden = self.batch.hidden.chunks_exact(row_stride(h)).zip(block.chunks_exact(r));
            let dense = hidden.map(|(hidden, z)| bias[0] + dot(&hidden[..h], &w2) + dot(z, &skipped));
            let local = local.into_iter().flatten().chain(std::iter::repeat(0.0));
            answers.extend(dense.zip(local).map(|(dense, local)| dense + local));
        }
        Some(gauge.reading(answers.into_iter()))
    }
}

fn dot(values: &[f32], column: &[f64]) -> f64 {
    values.iter().zip(column).map(|(&v, u)| f64::from(v) * u).sum()
}
