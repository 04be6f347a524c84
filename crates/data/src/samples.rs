//! A split of a data set.

use crate::linalg::{View, multiply};

/// n samples of d coordinates, row-major: values `[n, d]`, labels `[n]` or empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// Coordinates of a sample, d.
    pub dim: usize,
    /// The coordinates of all samples, one sample after the other.
    pub values: Vec<f32>,
    /// The class of each sample; empty where there are no classes.
    pub labels: Vec<u8>,
}

impl Samples {
    /// Number of samples, n.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim.max(1)
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The samples in order, each `[d]`.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.dim.max(1))
    }

    /// Sample i, `[d]`; like a slice, it panics when i is not below [`len`](Self::len).
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.dim..(i + 1) * self.dim]
    }

    /// The samples at `indices`, in that order, repeats included; it panics as [`row`](Self::row) does.
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let mut chosen = Self { dim: self.dim, values: Vec::new(), labels: Vec::new() };
        for i in indices {
            chosen.values.extend_from_slice(self.row(i));
            if !self.labels.is_empty() {
                chosen.labels.push(self.labels[i]);
            }
        }
        chosen
    }

    /// `count` positions spread evenly over the samples, each several times where there are fewer than `count`.
    pub fn spread(&self, count: usize) -> Vec<usize> {
        (0..count).map(|i| i * self.len() / count).collect()
    }

    /// The samples of class `label`, in order.
    pub fn of_label(&self, label: u8) -> Self {
        let indices = self.labels.iter().enumerate().filter(|&(_, &l)| l == label).map(|(i, _)| i);
        self.select(indices)
    }

    /// The classes that occur, ascending, each with its number of samples.
    pub fn label_counts(&self) -> Vec<(u8, usize)> {
        let mut counts = [0; 256];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        (0..=u8::MAX).zip(counts).filter(|&(_, n)| n > 0).collect()
    }

    /// mu = (1/n) sum_i x_i, `[d]`, and Sigma = (1/n) sum_i (x_i - mu)(x_i - mu)^T, row-major `[d, d]`, in f64.
    pub fn mean_and_covariance(&self) -> (Vec<f64>, Vec<f64>) {
        let (n, d) = (self.len(), self.dim);
        let mut mean = vec![0.0; d];
        for row in self.rows() {
            for (sum, &value) in mean.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= n as f64);
        let centred: Vec<f64> =
            self.rows().flat_map(|row| row.iter().zip(&mean).map(|(&x, m)| f64::from(x) - m)).collect();
        let mut covariance = vec![0.0; d * d];
        let view = View::new(&centred, n, d);
        multiply(&mut covariance, view.transposed(), view, 0.0);
        covariance.iter_mut().for_each(|sum| *sum /= n as f64);
        (mean, covariance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Samples {
        Samples { dim: 2, values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], labels: vec![7, 2, 7] }
    }

    #[test]
    fn rows_and_selections_keep_values_and_labels_together() {
        let s = three();
        assert_eq!(s.len(), 3);
        assert_eq!(s.row(1), [2.0, 3.0]);
        assert_eq!(s.rows().nth(2), Some([4.0, 5.0].as_slice()));
        let picked = s.select([2, 1, 2]);
        assert_eq!(picked.values, [4.0, 5.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(picked.labels, [7, 2, 7]);
        assert_eq!(s.of_label(7), s.select([0, 2]));
        assert_eq!(s.label_counts(), [(2, 1), (7, 2)]);
    }

    #[test]
    fn mean_and_covariance_of_three_points_on_a_line() {
        let (mean, covariance) = three().mean_and_covariance();
        assert_eq!(mean, [2.0, 3.0]);
        assert!(covariance.iter().all(|c| (c - 8.0 / 3.0).abs() < 1e-15), "{covariance:?}");
    }

    #[test]
    fn selecting_from_unlabelled_samples_gives_no_labels() {
        let s = Samples { labels: Vec::new(), ..three() };
        assert_eq!(s.select([1]), Samples { dim: 2, values: vec![2.0, 3.0], labels: Vec::new() });
        assert!(s.label_counts().is_empty());
    }

    #[test]
    fn no_samples() {
        let none = Samples { dim: 0, values: Vec::new(), labels: Vec::new() };
        assert!(none.is_empty());
        assert_eq!((none.len(), none.rows().count()), (0, 0));
    }
}
