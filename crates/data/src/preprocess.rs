//! From raw images to a data set: which digits, how many, and the scaling.

use crate::draw::{TEST_KEY, TRAIN_KEY};
use crate::{DataError, Dataset, Samples, Shape};

const DIGITS_KEY: &str = "data.digits";

/// Which images of a labelled set to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The classes to keep, each of 0..=9 at most once.
    pub digits: Vec<u8>,
    /// The number of training images, in file order after the choice of digits; all when absent.
    pub train_limit: Option<usize>,
    /// The number of test images, likewise.
    pub test_limit: Option<usize>,
}

impl Default for Selection {
    /// Every image of every digit.
    fn default() -> Self {
        Self { digits: (0..=9).collect(), train_limit: None, test_limit: None }
    }
}

/// Checks that `digits` is a non-empty list of different numbers 0..=9.
pub(crate) fn check_digits(digits: &[u8]) -> Result<(), DataError> {
    const ALLOWED: &str = "use one or more of 0 to 9, each at most once";
    if digits.is_empty() {
        return Err(DataError::setting(DIGITS_KEY, "an empty list", ALLOWED));
    }
    let mut seen = [false; 10];
    for &digit in digits {
        match seen.get_mut(usize::from(digit)) {
            None => return Err(DataError::setting(DIGITS_KEY, digit, ALLOWED)),
            Some(true) => return Err(DataError::setting(DIGITS_KEY, format!("{digit} twice"), ALLOWED)),
            Some(unseen) => *unseen = true,
        }
    }
    Ok(())
}

/// Raw images `[n, height, width]` of pixels 0..=255, with labels `[n]`.
pub(crate) struct Images<P> {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) pixels: Vec<P>,
    pub(crate) labels: Vec<u8>,
}

impl<P: Copy + Into<f32>> Images<P> {
    fn dim(&self) -> usize {
        self.height * self.width
    }

    /// The images of the chosen digits, in order.
    fn of_digits(&self, key: &'static str, digits: &[u8]) -> Result<Vec<usize>, DataError> {
        let chosen: Vec<usize> = (0..self.labels.len()).filter(|&i| digits.contains(&self.labels[i])).collect();
        if chosen.is_empty() {
            let split = if key == TRAIN_KEY { "training" } else { "test" };
            let allowed = format!("no {split} image has such a label");
            return Err(DataError::setting(DIGITS_KEY, format!("{digits:?}"), allowed));
        }
        Ok(chosen)
    }

    /// x = pixel / 255 * 2 - 1 for each pixel of image i.
    fn scaled(&self, i: usize) -> impl Iterator<Item = f32> {
        let dim = self.dim();
        self.pixels[i * dim..(i + 1) * dim].iter().map(|&pixel| pixel.into() / 255.0 * 2.0 - 1.0)
    }

    /// The mean of x over all pixels of `chosen`, accumulated in f64.
    fn mean(&self, chosen: &[usize]) -> f64 {
        let sum: f64 = chosen.iter().map(|&i| self.scaled(i).map(f64::from).sum::<f64>()).sum();
        sum / (chosen.len() * self.dim()) as f64
    }

    fn shifted(&self, chosen: &[usize], shift: f32) -> Samples {
        let mut values = Vec::with_capacity(chosen.len() * self.dim());
        for &i in chosen {
            values.extend(self.scaled(i).map(|x| x - shift));
        }
        Samples { dim: self.dim(), values, labels: chosen.iter().map(|&i| self.labels[i]).collect() }
    }
}

/// Takes the first `limit` of `chosen`.
fn limited<'a>(
    key: &'static str,
    chosen: &'a [usize],
    limit: Option<usize>,
    digits: &[u8],
) -> Result<&'a [usize], DataError> {
    let count = limit.unwrap_or(chosen.len());
    match chosen.get(..count) {
        Some(first) if count > 0 => Ok(first),
        _ => {
            let allowed = format!("use 1 to {}, the number of images of the digits {digits:?}", chosen.len());
            Err(DataError::setting(key, count, allowed))
        }
    }
}

/// x0 = pixel / 255 * 2 - 1 - shift, shift the mean over every pixel of every chosen training image, before the limit.
///
/// Taking the mean before the limit makes the data of a smaller run the first rows of those of a larger one.
pub(crate) fn preprocess<P: Copy + Into<f32>>(
    train: &Images<P>,
    test: &Images<P>,
    selection: &Selection,
    synthetic: bool,
) -> Result<Dataset, DataError> {
    let digits = &selection.digits;
    check_digits(digits)?;
    let of_train = train.of_digits(TRAIN_KEY, digits)?;
    let of_test = test.of_digits(TEST_KEY, digits)?;
    let train_rows = limited(TRAIN_KEY, &of_train, selection.train_limit, digits)?;
    let test_rows = limited(TEST_KEY, &of_test, selection.test_limit, digits)?;
    let shift = train.mean(&of_train) as f32;
    let shape = Shape::Image { height: train.height, width: train.width };
    Ok(Dataset::new(train.shifted(train_rows, shift), test.shifted(test_rows, shift), shape, shift, synthetic))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn images(pixels: &[u8], labels: &[u8]) -> Images<u8> {
        Images { height: 1, width: 2, pixels: pixels.into(), labels: labels.into() }
    }

    fn select(digits: &[u8], train_limit: Option<usize>, test_limit: Option<usize>) -> Selection {
        Selection { digits: digits.into(), train_limit, test_limit }
    }

    #[test]
    fn mean_is_taken_over_the_chosen_digits_before_the_limit() {
        let train = images(&[0, 255, 9, 9, 255, 255], &[1, 2, 1]);
        let test = images(&[255, 0], &[1]);
        let data = preprocess(&train, &test, &select(&[1], Some(1), None), false).unwrap();
        assert_eq!(data.shift, 0.5);
        assert_eq!(data.train, Samples { dim: 2, values: vec![-1.5, 0.5], labels: vec![1] });
        assert_eq!(data.test, Samples { dim: 2, values: vec![0.5, -1.5], labels: vec![1] });
        assert_eq!(data.shape, Shape::Image { height: 1, width: 2 });
    }

    #[test]
    fn faulty_selections_name_their_key() {
        let (train, test) = (images(&[0; 6], &[1, 3, 1]), images(&[0; 2], &[3]));
        let message = |s: &Selection| preprocess(&train, &test, s, false).unwrap_err().to_string();
        let allowed = "use one or more of 0 to 9, each at most once";
        assert_eq!(message(&select(&[], None, None)), format!("data.digits: an empty list is not allowed, {allowed}"));
        assert_eq!(message(&select(&[1, 10], None, None)), format!("data.digits: 10 is not allowed, {allowed}"));
        assert_eq!(message(&select(&[1, 3, 1], None, None)), format!("data.digits: 1 twice is not allowed, {allowed}"));
        assert_eq!(
            message(&select(&[8], None, None)),
            "data.digits: [8] is not allowed, no training image has such a label"
        );
        assert_eq!(
            message(&select(&[1], None, None)),
            "data.digits: [1] is not allowed, no test image has such a label"
        );
        let most = "use 1 to 3, the number of images of the digits [1, 3]";
        for limit in [0, 4, usize::MAX] {
            let expected = format!("data.train_limit: {limit} is not allowed, {most}");
            assert_eq!(message(&select(&[1, 3], Some(limit), None)), expected);
        }
        assert!(message(&select(&[1, 3], None, Some(2))).starts_with("data.test_limit: 2 is not allowed, use 1 to 1,"));
    }

    proptest! {
        #[test]
        fn chosen_training_images_have_mean_zero(
            pixels in prop::collection::vec(any::<u8>(), 2..400),
            label in 0..10_u8,
        ) {
            let n = pixels.len() / 2;
            let labels: Vec<u8> = (0..n).map(|i| if i % 3 == 0 { label } else { i as u8 % 10 }).collect();
            let train = images(&pixels[..2 * n], &labels);
            let data = preprocess(&train, &train, &select(&[label], None, None), false).unwrap();
            let mean: f64 = data.train.values.iter().map(|&v| f64::from(v)).sum::<f64>() / data.train.values.len() as f64;
            prop_assert!(mean.abs() < 1e-6);
            for &v in &data.train.values {
                let pixel = (f64::from(v) + f64::from(data.shift) + 1.0) * 127.5;
                prop_assert!((pixel - pixel.round()).abs() < 1e-4);
            }
        }
    }
}
