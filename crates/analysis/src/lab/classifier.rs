//! A small classifier trained on the run's own training set, for decisions on final states.

use data::Samples;
use data::linalg::{View, multiply};
use rayon::prelude::*;
use schedule::{Purpose, Stream};

use crate::AnalysisError;
use crate::tensors::{NamedTensor, to_safetensors};

/// Units of the hidden layer.
const HIDDEN: usize = 64;
/// Passes over the training set.
const EPOCHS: usize = 15;
/// Samples of a step.
const BATCH: usize = 50;
/// Step size of Adam at the beginning; half a cosine takes it to 0.
const RATE: f64 = 2e-3;
/// Samples classified together.
const ROWS: usize = 256;

/// p(c | z_0) = softmax(W2 relu(W1 z_0 + b1) + b2), trained by Adam on the cross-entropy of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    labels: Vec<u8>,
    accuracy: f64,
    /// W1 `[d, H]`, b1 `[H]`, W2 `[H, K]`, b2 `[K]`.
    layers: [Vec<f32>; 4],
}

impl Classifier {
    /// File of the classifier in the run folder.
    pub const FILE: &'static str = "classifier.safetensors";

    /// The classifier of `train`, with its accuracy on `test`.
    ///
    /// # Errors
    /// [`AnalysisError::Shape`] for samples without labels.
    pub fn train(train: &Samples, test: &Samples, seed: u64) -> Result<Self, AnalysisError> {
        let labels: Vec<u8> = train.label_counts().into_iter().map(|(label, _)| label).collect();
        if labels.is_empty() || train.labels.len() != train.len() {
            let reason = "the training samples have no labels, use data with classes".to_owned();
            return Err(AnalysisError::Shape { what: "classifier", reason });
        }
        let mut training = Training::new(train, labels, seed);
        for epoch in 0..EPOCHS {
            training.epoch(epoch, seed);
        }
        let Training { labels, layers, .. } = training;
        let mut classifier = Self { labels, accuracy: f64::NAN, layers };
        classifier.accuracy = classifier.accuracy_on(test);
        Ok(classifier)
    }

    /// The labels of the classes, ascending.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The share of test samples given their own label.
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }

    /// p(c | z_0).  z0: `[n, d]` -> `[n, K]`.
    pub fn probabilities(&self, z0: &[f32]) -> Vec<f64> {
        let (d, k) = (self.layers[0].len() / HIDDEN, self.labels.len());
        let mut probabilities = vec![0.0; z0.len() / d * k];
        probabilities.par_chunks_mut(ROWS * k).zip(z0.par_chunks(ROWS * d)).for_each(|(out, z0)| {
            let (_, logits) = forward(&self.layers, z0, d, k);
            for (out, logits) in out.chunks_exact_mut(k).zip(logits.chunks_exact(k)) {
                softmax(logits, out);
            }
        });
        probabilities
    }

    /// The activations relu(W1 z_0 + b1) of the hidden layer.  z0: `[n, d]` -> `[n, 64]`.
    pub fn features(&self, z0: &[f32]) -> Vec<f32> {
        let d = self.layers[0].len() / HIDDEN;
        forward(&self.layers, z0, d, self.labels.len()).0
    }

    /// The bytes of its file: `w1` `[d, H]`, `b1`, `w2` `[H, K]`, `b2`, `labels`, `test_accuracy`.
    ///
    /// # Errors
    /// [`AnalysisError::Encode`] from the encoder.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, AnalysisError> {
        let (d, k) = (self.layers[0].len() / HIDDEN, self.labels.len());
        let tensor = |name, shape, values: &[f32]| NamedTensor { name, shape, values: values.to_vec() };
        let labels: Vec<f32> = self.labels.iter().map(|&label| f32::from(label)).collect();
        to_safetensors(&[
            tensor("w1", vec![d, HIDDEN], &self.layers[0]),
            tensor("b1", vec![HIDDEN], &self.layers[1]),
            tensor("w2", vec![HIDDEN, k], &self.layers[2]),
            tensor("b2", vec![k], &self.layers[3]),
            tensor("labels", vec![k], &labels),
            tensor("test_accuracy", vec![1], &[self.accuracy as f32]),
        ])
    }

    fn accuracy_on(&self, test: &Samples) -> f64 {
        let k = self.labels.len();
        let probabilities = self.probabilities(&test.values);
        let right = probabilities.chunks_exact(k).zip(&test.labels).filter(|(row, label)| {
            let best = (0..k).fold(0, |best, i| if row[i] > row[best] { i } else { best });
            self.labels[best] == **label
        });
        right.count() as f64 / test.labels.len() as f64
    }
}

/// Hidden activations `[n, H]` and logits `[n, K]`.
fn forward([w1, b1, w2, b2]: &[Vec<f32>; 4], z0: &[f32], d: usize, k: usize) -> (Vec<f32>, Vec<f32>) {
    let n = z0.len() / d;
    let mut hidden = b1.repeat(n);
    multiply(&mut hidden, View::new(z0, n, d), View::new(w1, d, HIDDEN), 1.0);
    hidden.iter_mut().for_each(|a| *a = a.max(0.0));
    let mut logits = b2.repeat(n);
    multiply(&mut logits, View::new(&hidden, n, HIDDEN), View::new(w2, HIDDEN, k), 1.0);
    (hidden, logits)
}

fn softmax(logits: &[f32], out: &mut [f64]) {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    out.iter_mut().zip(logits).for_each(|(out, logit)| *out = f64::from(logit - most).exp());
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|out| *out /= sum);
}

struct Training<'a> {
    samples: &'a Samples,
    labels: Vec<u8>,
    /// The class of each sample.
    classes: Vec<usize>,
    layers: [Vec<f32>; 4],
    /// First and second moments of Adam.
    moments: [[Vec<f32>; 4]; 2],
    steps: i32,
}

impl<'a> Training<'a> {
    fn new(samples: &'a Samples, labels: Vec<u8>, seed: u64) -> Self {
        let (d, k) = (samples.dim, labels.len());
        let class = |label: &u8| labels.binary_search(label).unwrap_or(0);
        let classes = samples.labels.iter().map(class).collect();
        let mut stream = Stream::new(seed, Purpose::Classifier, 0, 0);
        let mut uniform = |inputs: usize, count: usize| {
            let mut values = vec![0.0; count];
            stream.fill_symmetric((6.0 / inputs as f64).sqrt(), &mut values);
            values
        };
        let layers = [uniform(d, d * HIDDEN), vec![0.0; HIDDEN], uniform(HIDDEN, HIDDEN * k), vec![0.0; k]];
        let zeros = || layers.clone().map(|layer| vec![0.0; layer.len()]);
        Self { moments: [zeros(), zeros()], samples, labels, classes, layers, steps: 0 }
    }

    fn epoch(&mut self, epoch: usize, seed: u64) {
        let order = Stream::new(seed, Purpose::Classifier, 1 + epoch as u64, 0).permutation(self.samples.len());
        let rate = RATE * 0.5 * (1.0 + (std::f64::consts::PI * epoch as f64 / EPOCHS as f64).cos());
        for batch in order.chunks(BATCH) {
            let indices: Vec<usize> = batch.iter().map(|&i| i as usize).collect();
            let gradients = self.gradients(&indices);
            self.adam(&gradients, rate);
        }
    }

    /// The gradient of the mean cross-entropy of a batch.
    fn gradients(&self, indices: &[usize]) -> [Vec<f32>; 4] {
        let (n, d, k) = (indices.len(), self.samples.dim, self.labels.len());
        let z0 = self.samples.select(indices.iter().copied()).values;
        let (hidden, logits) = forward(&self.layers, &z0, d, k);
        let mut errors = vec![0.0_f32; n * k];
        let mut probabilities = vec![0.0; k];
        for ((error, logits), &i) in errors.chunks_exact_mut(k).zip(logits.chunks_exact(k)).zip(indices) {
            softmax(logits, &mut probabilities);
            probabilities[self.classes[i]] -= 1.0;
            error.iter_mut().zip(&probabilities).for_each(|(error, p)| *error = (p / n as f64) as f32);
        }
        let mut back = vec![0.0; n * HIDDEN];
        multiply(&mut back, View::new(&errors, n, k), View::new(&self.layers[2], HIDDEN, k).transposed(), 0.0);
        back.iter_mut().zip(&hidden).filter(|(_, hidden)| **hidden <= 0.0).for_each(|(back, _)| *back = 0.0);
        let mut gradients = self.layers.clone().map(|layer| vec![0.0; layer.len()]);
        multiply(&mut gradients[0], View::new(&z0, n, d).transposed(), View::new(&back, n, HIDDEN), 0.0);
        multiply(&mut gradients[2], View::new(&hidden, n, HIDDEN).transposed(), View::new(&errors, n, k), 0.0);
        for (sum, rows) in [(1, &back), (3, &errors)] {
            let width = gradients[sum].len();
            for row in rows.chunks_exact(width) {
                gradients[sum].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        }
        gradients
    }

    /// One step of Adam (Kingma and Ba 2015, the form at the end of section 2) with decay rates 0.9 and 0.999.
    fn adam(&mut self, gradients: &[Vec<f32>; 4], rate: f64) {
        self.steps += 1;
        let correction = (1.0 - 0.999_f64.powi(self.steps)).sqrt() / (1.0 - 0.9_f64.powi(self.steps));
        let rate = (rate * correction) as f32;
        let [first, second] = &mut self.moments;
        let layers = self.layers.iter_mut().zip(first).zip(second).zip(gradients);
        for (((layer, first), second), gradient) in layers {
            for (((w, m), v), g) in layer.iter_mut().zip(first).zip(second).zip(gradient) {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                *w -= rate * *m / (v.sqrt() + 1e-8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use data::GaussianMixture;

    use super::*;

    #[test]
    fn three_distant_clouds_are_told_apart() {
        let means = vec![vec![4.0, 0.0, 0.0], vec![-4.0, 0.0, 0.0], vec![0.0, 6.0, 0.0]];
        let law = GaussianMixture { means, weights: vec![1.0; 3], std: 1.0, train: 900, test: 600, seed: 3 };
        let data = law.draw().unwrap();
        let classifier = Classifier::train(&data.train, &data.test, 0).unwrap();
        assert_eq!(classifier.labels(), [0, 1, 2]);
        assert!(classifier.accuracy() > 0.99, "{}", classifier.accuracy());
        let all = classifier.probabilities(&data.test.values);
        // The product of one row sums in another order than that of a block.
        let alone = classifier.probabilities(&data.test.values[..3]);
        assert!(all.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-6), "{alone:?}");
        assert!(all.chunks_exact(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        assert!(Classifier::train(&data.train, &data.test, 0).unwrap() == classifier);
    }

    #[test]
    fn the_gradient_is_that_of_the_cross_entropy() {
        let values = (0..40).map(|i| (0.37 * f64::from(i)).sin() as f32).collect();
        let samples = Samples { dim: 4, values, labels: [1, 7].repeat(5) };
        let mut training = Training::new(&samples, vec![1, 7], 2);
        let indices: Vec<usize> = (0..10).collect();
        let loss = |training: &Training<'_>| {
            let (_, logits) = forward(&training.layers, &samples.values, 4, 2);
            let mut p = [0.0; 2];
            let terms = logits.chunks_exact(2).zip(&training.classes).map(|(logits, &class)| {
                softmax(logits, &mut p);
                -p[class].ln()
            });
            terms.sum::<f64>() / 10.0
        };
        let gradients = training.gradients(&indices);
        for (layer, at) in [(0, 5), (0, 130), (1, 3), (1, 40), (2, 17), (2, 100), (3, 1)] {
            let step = 1e-2_f32;
            let kept = training.layers[layer][at];
            training.layers[layer][at] = kept + step;
            let above = loss(&training);
            training.layers[layer][at] = kept - step;
            let slope = (above - loss(&training)) / (2.0 * f64::from(step));
            training.layers[layer][at] = kept;
            let gradient = f64::from(gradients[layer][at]);
            assert!((slope - gradient).abs() < 2e-4 + 2e-2 * gradient.abs(), "{layer} {at}: {slope} {gradient}");
        }
    }

    #[test]
    fn samples_without_labels_are_refused() {
        let samples = Samples { dim: 1, values: vec![0.0; 4], labels: Vec::new() };
        assert!(Classifier::train(&samples, &samples, 0).is_err());
    }
}
