//! The line between the means of two classes.

use schedule::Timestep;

use super::Lab;
use crate::AnalysisError;
use crate::krylov::{dot, norm};

/// z(x) = sqrt(A) (m_a + x (m_b - m_a)): the first class's mean at x = 0, the second one's at x = 1.
#[derive(Debug, Clone)]
pub(crate) struct ClassLine {
    /// m_a and m_b: `[d]`.
    pub(crate) means: [Vec<f64>; 2],
    /// m_b - m_a: `[d]`.
    difference: Vec<f64>,
    /// Its unit vector u.
    pub(crate) unit: Vec<f64>,
    /// |m_b - m_a|.
    pub(crate) length: f64,
}

/// Points of a search of [`ClassLine::half`], each round of which divides the bracket by one less.
const SEARCHED: usize = 41;
/// Its rounds.
const ROUNDS: usize = 3;

impl ClassLine {
    /// The line of the training set's two classes; `None` for another number of classes.
    pub(crate) fn of(lab: &Lab<'_>) -> Option<Self> {
        let &[first, second] = &lab.labels()[..] else { return None };
        let mean = |label| mean_of(&lab.data.train.of_label(label));
        Some(Self::between([mean(first), mean(second)])).filter(|line| line.length > 0.0)
    }

    /// The line between two means `[d]`.
    pub(crate) fn between(means: [Vec<f64>; 2]) -> Self {
        let difference: Vec<f64> = means[1].iter().zip(&means[0]).map(|(b, a)| b - a).collect();
        let length = norm(&difference);
        let unit = difference.iter().map(|c| c / length).collect();
        Self { means, difference, unit, length }
    }

    /// z(x) at each of `positions`, signal = sqrt(A): `[n, d]`.
    pub(crate) fn points(&self, signal: f64, positions: &[f64]) -> Vec<f32> {
        let point = |&x: &f64| {
            let coordinates = self.means[0].iter().zip(&self.difference);
            coordinates.map(move |(m, c)| (signal * (m + x * c)) as f32)
        };
        positions.iter().flat_map(point).collect()
    }

    /// u . (z / sqrt(A) - (m_a + m_b) / 2) in units of half the distance: -1 at the first mean, 1 at the second.
    pub(crate) fn order_parameter(&self, signal: f64, z: &[f64]) -> f64 {
        let middle = 0.5 * (dot(&self.unit, &self.means[0]) + dot(&self.unit, &self.means[1]));
        (dot(&self.unit, z) / signal - middle) / (0.5 * self.length)
    }

    /// The x in [0, 1] where the two classes are equally likely under the exact law beside the model; `None` where there
    /// is no such point (near t = T the prior decides).
    ///
    /// # Errors
    /// As [`Lab::mixture`].
    pub(crate) fn half(&self, lab: &Lab<'_>, t: Timestep) -> Result<Option<f64>, AnalysisError> {
        let Some(law) = lab.reference()?.map(|law| law.denoiser).filter(|law| law.classes() == 2) else {
            return Ok(None);
        };
        let signal = lab.schedule.forward(t).signal;
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..ROUNDS {
            let positions: Vec<f64> =
                (0..SEARCHED).map(|i| low + (high - low) * i as f64 / (SEARCHED - 1) as f64).collect();
            let mut p = vec![0.0; 2 * SEARCHED];
            law.class_probabilities(t, &self.points(signal, &positions), &mut p);
            let Some(i) = p.chunks_exact(2).position(|p| p[1] >= p[0]).filter(|&i| i > 0) else { return Ok(None) };
            (low, high) = (positions[i - 1], positions[i]);
        }
        Ok(Some(0.5 * (low + high)))
    }
}

fn mean_of(samples: &data::Samples) -> Vec<f64> {
    let mut mean = vec![0.0; samples.dim];
    for row in samples.rows() {
        mean.iter_mut().zip(row).for_each(|(sum, &z)| *sum += f64::from(z));
    }
    mean.iter_mut().for_each(|sum| *sum /= samples.len() as f64);
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_means_are_at_minus_one_and_one() {
        let line = ClassLine::between([vec![1.0, 0.0], vec![1.0, 4.0]]);
        assert_eq!((line.length, &line.unit[..]), (4.0, &[0.0, 1.0][..]));
        assert_eq!(line.points(0.5, &[0.0, 0.25, 1.0]), [0.5, 0.0, 0.5, 0.5, 0.5, 2.0]);
        for (z, m) in [([9.0, 0.0], -1.0), ([9.0, 1.0], 0.0), ([9.0, 2.0], 1.0)] {
            assert!((line.order_parameter(0.5, &z) - m).abs() < 1e-12, "{z:?}");
        }
    }
}
