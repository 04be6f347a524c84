//! Digits drawn by a random pen, where MNIST cannot be had.

mod glyphs;
mod pen;

use schedule::Stream;

use crate::draw::{Split, check_counts};
use crate::preprocess::{Images, check_digits, preprocess};
use crate::{DataError, Dataset, Selection};

use self::pen::SIDE;

/// Images of digits in MNIST's format: 28 by 28 pixels, the digit in a box of 20 by 20, centred, scaled as MNIST.
///
/// Each digit is a set of strokes with random control points, slant, rotation, aspect, size, place and width. Image i of
/// a split depends only on (seed, split, i) and the digits asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticDigits {
    /// The digits drawn, with equal probability.
    pub digits: Vec<u8>,
    /// Number of training images.
    pub train: usize,
    /// Number of test images.
    pub test: usize,
    /// Seed of both splits.
    pub seed: u64,
}

impl SyntheticDigits {
    /// Draws both splits; counts must be positive and the digits different and from 0 to 9.
    pub fn draw(&self) -> Result<Dataset, DataError> {
        check_digits(&self.digits)?;
        check_counts(self.train, self.test, SIDE * SIDE)?;
        let selection = Selection { digits: self.digits.clone(), ..Selection::default() };
        preprocess(&self.split(Split::Train, self.train), &self.split(Split::Test, self.test), &selection, true)
    }

    fn split(&self, split: Split, n: usize) -> Images<u8> {
        let mut images =
            Images { height: SIDE, width: SIDE, pixels: vec![0; n * SIDE * SIDE], labels: Vec::with_capacity(n) };
        for (i, image) in images.pixels.chunks_exact_mut(SIDE * SIDE).enumerate() {
            let mut stream = split.stream(self.seed, i);
            let digit = self.choose(&mut stream);
            pen::draw(glyphs::choose(digit, &mut stream), &mut stream, image);
            images.labels.push(digit);
        }
        images
    }

    fn choose(&self, stream: &mut Stream) -> u8 {
        self.digits[stream.below(self.digits.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Samples;

    fn digits(digits: &[u8], train: usize, test: usize) -> Dataset {
        SyntheticDigits { digits: digits.into(), train, test, seed: 5 }.draw().unwrap()
    }

    /// Averaged perceptron, one linear score a class: the weights [10, d + 1].
    fn perceptron(train: &Samples, epochs: usize) -> Vec<f64> {
        let width = train.dim + 1;
        let (mut weights, mut average) = (vec![0.0; 10 * width], vec![0.0; 10 * width]);
        for _ in 0..epochs {
            for (x, &label) in train.rows().zip(&train.labels) {
                let guess = classify(&weights, x);
                if guess != label {
                    for (class, sign) in [(label, 1.0), (guess, -1.0)] {
                        let row = &mut weights[usize::from(class) * width..][..width];
                        row.iter_mut().zip(x).for_each(|(w, &v)| *w += sign * f64::from(v));
                        row[train.dim] += sign;
                    }
                }
            }
            average.iter_mut().zip(&weights).for_each(|(a, w)| *a += w);
        }
        average
    }

    fn classify(weights: &[f64], x: &[f32]) -> u8 {
        let score = |w: &[f64]| w[x.len()] + w.iter().zip(x).map(|(w, &v)| w * f64::from(v)).sum::<f64>();
        let scores: Vec<f64> = weights.chunks_exact(x.len() + 1).map(score).collect();
        (0..10).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap() as u8
    }

    fn accuracy(data: &Dataset) -> f64 {
        let weights = perceptron(&data.train, 20);
        let right = data.test.rows().zip(&data.test.labels).filter(|(x, l)| classify(&weights, x) == **l).count();
        right as f64 / data.test.len() as f64
    }

    #[test]
    fn a_linear_classifier_tells_the_digits_apart() {
        let all = accuracy(&digits(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3000, 1000));
        assert!(all >= 0.97, "all digits: {all}");
        let two = accuracy(&digits(&[1, 3], 1000, 1000));
        assert!(two >= 0.99, "digits 1 and 3: {two}");
    }

    #[test]
    fn an_image_depends_on_its_number_and_not_on_the_counts() {
        let (small, large) = (digits(&[3, 8], 10, 4), digits(&[3, 8], 40, 4));
        let shown = |data: &Dataset, i: usize| -> Vec<u8> {
            data.train.row(i).iter().map(|v| ((v + data.shift + 1.0) * 127.5).round() as u8).collect()
        };
        for i in 0..10 {
            assert_eq!(shown(&small, i), shown(&large, i));
            assert_eq!(small.train.labels[i], large.train.labels[i]);
        }
        assert_ne!(shown(&large, 0), shown(&large, 1));
        assert!(small.synthetic);
        let other = SyntheticDigits { digits: vec![3, 8], train: 10, test: 4, seed: 6 }.draw().unwrap();
        assert_ne!(other.digest, small.digest);
    }

    #[test]
    fn every_digit_asked_for_is_drawn_about_as_often() {
        let data = digits(&[7, 2, 4], 3000, 10);
        for (digit, count) in data.train.label_counts() {
            assert!([2, 4, 7].contains(&digit));
            assert!((count as f64 - 1000.0).abs() < 4.0 * (3000.0 * 2.0 / 9.0_f64).sqrt(), "{digit}: {count}");
        }
    }

    #[test]
    fn ink_is_about_that_of_mnist_and_leaves_the_border_free() {
        let data = digits(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2000, 10);
        // MNIST: mean pixel 33.3 of 255, that is -0.739 on the scale of [-1, 1].
        assert!((-0.83..-0.65).contains(&data.shift), "{}", data.shift);
        let paper = -1.0 - data.shift;
        for image in data.train.rows() {
            let border = (0..28).flat_map(|k| [k, 27 * 28 + k, 28 * k, 28 * k + 27]);
            assert!(border.into_iter().all(|k| image[k] == paper));
            assert!(image.iter().any(|&v| v > 0.5 - data.shift));
        }
    }

    #[test]
    fn faulty_settings_name_their_key() {
        let message = |digits: &[u8], train| {
            SyntheticDigits { digits: digits.into(), train, test: 1, seed: 0 }.draw().unwrap_err().to_string()
        };
        assert!(message(&[], 1).starts_with("data.digits: an empty list is not allowed"));
        assert!(message(&[3, 3], 1).starts_with("data.digits: 3 twice is not allowed"));
        assert!(message(&[3], 0).starts_with("data.train_limit: 0 is not allowed"));
    }
}
