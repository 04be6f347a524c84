//! Tests on the real files, in the folder that the environment variable MNIST_DIR names.

use std::io::Write;
use std::path::PathBuf;

use super::{Checksums, MnistFiles};
use crate::{Dataset, Selection};

/// The digits 1 and 3, or nothing where the variable is not set.
fn ones_and_threes(train_limit: Option<usize>, test_limit: Option<usize>) -> Option<Dataset> {
    let Some(folder) = std::env::var_os("MNIST_DIR") else {
        // Past the test harness, which keeps what a passing test prints to itself.
        let line = "skipped: MNIST_DIR is not set (folder with the four MNIST files)\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    };
    let files = MnistFiles::locate(&[PathBuf::from(folder)]).expect("MNIST_DIR does not hold the four files");
    let selection = Selection { digits: vec![1, 3], train_limit, test_limit };
    Some(files.read(&selection, Checksums::Published).unwrap())
}

#[test]
fn counts_and_mean_of_the_digits_1_and_3() {
    let Some(data) = ones_and_threes(None, None) else { return };
    assert_eq!(data.train.label_counts(), [(1, 6742), (3, 6131)]);
    assert_eq!(data.test.label_counts(), [(1, 1135), (3, 1010)]);
    assert_eq!(data.train.dim, 784);
    assert!((f64::from(data.shift) + 0.785_581_580_6).abs() < 3e-8, "{}", data.shift);
    let mean = data.train.values.iter().map(|&v| f64::from(v)).sum::<f64>() / data.train.values.len() as f64;
    assert!(mean.abs() < 1e-7, "{mean}");
}

#[test]
fn limits_keep_the_first_images_and_the_mean() {
    let Some(data) = ones_and_threes(Some(12_500), Some(2_100)) else { return };
    assert_eq!(data.train.label_counts(), [(1, 6555), (3, 5945)]);
    assert_eq!(data.test.label_counts(), [(1, 1110), (3, 990)]);
    assert!((f64::from(data.shift) + 0.785_581_580_6).abs() < 3e-8, "{}", data.shift);
}
