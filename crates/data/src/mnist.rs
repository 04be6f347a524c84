//! MNIST (LeCun, Bottou, Bengio and Haffner 1998): 60,000 + 10,000 grey images of digits, 28 by 28.

mod csv;
mod fetch;
mod idx;
#[cfg(test)]
mod real_data;

use std::path::{Path, PathBuf};

pub use csv::MnistCsv;
pub use fetch::{DEFAULT_MIRRORS, FetchProgress, fetch};
pub use idx::Idx;

use crate::preprocess::{Images, preprocess};
use crate::{DataError, Dataset, Selection};

/// The most bytes that any file of the set may have, compressed or not; the largest has 47,040,016.
const MAX_CONTENT: u64 = 64 << 20;

/// A file of the data set as it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedFile<'a> {
    /// Its name without `.gz`.
    pub name: &'a str,
    /// Sha256 of its uncompressed content, in lower-case hexadecimal.
    pub sha256: &'a str,
}

/// The four files of MNIST: training images and labels, test images and labels.
pub const PUBLISHED: [PublishedFile<'static>; 4] = [
    PublishedFile {
        name: "train-images-idx3-ubyte",
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    PublishedFile {
        name: "train-labels-idx1-ubyte",
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    PublishedFile {
        name: "t10k-images-idx3-ubyte",
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    PublishedFile {
        name: "t10k-labels-idx1-ubyte",
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

/// Whether files must be the published ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checksums {
    /// Their content must have the sha256 of [`PUBLISHED`].
    #[default]
    Published,
    /// Any images and labels in the IDX format will do.
    Unchecked,
}

/// The four files in the IDX format, each plain or gzip-compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MnistFiles {
    /// Images of the training split.
    pub train_images: PathBuf,
    /// Labels of the training split.
    pub train_labels: PathBuf,
    /// Images of the test split.
    pub test_images: PathBuf,
    /// Labels of the test split.
    pub test_labels: PathBuf,
}

/// The file `name` or `name.gz` in `folder`.
fn plain_or_gzip(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|path| path.is_file())
}

impl MnistFiles {
    /// The files of the first of `folders` that holds all four.
    pub fn locate(folders: &[PathBuf]) -> Option<Self> {
        folders.iter().find_map(|folder| {
            let [train_images, train_labels, test_images, test_labels] =
                PUBLISHED.map(|file| plain_or_gzip(folder, file.name));
            Some(Self {
                train_images: train_images?,
                train_labels: train_labels?,
                test_images: test_images?,
                test_labels: test_labels?,
            })
        })
    }

    /// The chosen images, scaled to [-1, 1] and centred by one scalar: x0 = pixel / 255 * 2 - 1 - shift.
    ///
    /// The shift is the mean over all pixels of all training images of the chosen digits, before the limit. An error
    /// names the file or the setting at fault.
    pub fn read(&self, selection: &Selection, checksums: Checksums) -> Result<Dataset, DataError> {
        let [train_images, train_labels, test_images, test_labels] =
            PUBLISHED.map(|file| (checksums == Checksums::Published).then_some(file.sha256));
        let train = read_split((&self.train_images, train_images), (&self.train_labels, train_labels))?;
        let test = read_split((&self.test_images, test_images), (&self.test_labels, test_labels))?;
        if (test.height, test.width) != (train.height, train.width) {
            let problem = format!(
                "images of {} by {} pixels, expected {} by {} as in {}",
                test.height,
                test.width,
                train.height,
                train.width,
                self.train_images.display()
            );
            return Err(DataError::malformed(&self.test_images, problem));
        }
        preprocess(&train, &test, selection, false)
    }
}

/// Reads an IDX file of `N` dimensions, whose content must have the sum `expected` if there is one.
fn read_checked<const N: usize>((path, expected): (&Path, Option<&str>)) -> Result<Idx<N>, DataError> {
    let idx = Idx::read(path)?;
    match expected {
        Some(expected) if expected != idx.sha256 => {
            Err(DataError::Checksum { path: path.into(), expected: expected.into(), found: idx.sha256 })
        }
        _ => Ok(idx),
    }
}

fn read_split(images: (&Path, Option<&str>), labels: (&Path, Option<&str>)) -> Result<Images<u8>, DataError> {
    let Idx { sizes: [count, height, width], values: pixels, .. } = read_checked::<3>(images)?;
    let Idx { values: label_values, .. } = read_checked::<1>(labels)?;
    check_pairs(images.0, count, labels.0, label_values.len())?;
    if let Some(i) = label_values.iter().position(|&label| label > 9) {
        let problem = format!("label {} of image {}, expected 0 to 9", label_values[i], i + 1);
        return Err(DataError::malformed(labels.0, problem));
    }
    Ok(Images { height, width, pixels, labels: label_values })
}

/// Checks that there are as many labels as images.
fn check_pairs(images: &Path, image_count: usize, labels: &Path, label_count: usize) -> Result<(), DataError> {
    if image_count == label_count {
        return Ok(());
    }
    Err(DataError::CountsDiffer { images: images.into(), image_count, labels: labels.into(), label_count })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::*;

    fn idx_images(count: u32, height: u32, width: u32, pixels: &[u8]) -> Vec<u8> {
        let sizes = [count, height, width].map(u32::to_be_bytes).concat();
        [&[0, 0, 8, 3], sizes.as_slice(), pixels].concat()
    }

    fn idx_labels(labels: &[u8]) -> Vec<u8> {
        [&[0, 0, 8, 1], (labels.len() as u32).to_be_bytes().as_slice(), labels].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Three training images and two test images of 1 by 2 pixels.
    fn small_set() -> (TempDir, [PathBuf; 4]) {
        let folder = TempDir::new().unwrap();
        let contents = [
            idx_images(3, 1, 2, &[0, 255, 10, 20, 255, 255]),
            idx_labels(&[1, 3, 1]),
            idx_images(2, 1, 2, &[255, 0, 1, 2]),
            idx_labels(&[1, 3]),
        ];
        let paths = PUBLISHED.map(|file| folder.path().join(file.name));
        for (path, content) in paths.iter().zip(contents) {
            fs::write(path, content).unwrap();
        }
        (folder, paths)
    }

    fn read(folder: &TempDir, digits: &[u8]) -> Result<Dataset, DataError> {
        let files = MnistFiles::locate(&[folder.path().into()]).unwrap();
        files.read(&Selection { digits: digits.into(), ..Selection::default() }, Checksums::Unchecked)
    }

    #[test]
    fn plain_and_compressed_files_give_the_same_data() {
        let (folder, paths) = small_set();
        let plain = read(&folder, &[1]).unwrap();
        assert_eq!(plain.train.values, [-1.5, 0.5, 0.5, 0.5]);
        assert_eq!(plain.test.values, [0.5, -1.5]);
        assert_eq!((plain.shift, plain.synthetic), (0.5, false));
        let compressed = gzip(&fs::read(&paths[0]).unwrap());
        fs::write(paths[0].with_file_name("train-images-idx3-ubyte.gz"), &compressed).unwrap();
        fs::remove_file(&paths[0]).unwrap();
        assert_eq!(read(&folder, &[1]).unwrap(), plain);
        // The content decides, not the name.
        fs::write(&paths[0], &compressed).unwrap();
        assert_eq!(read(&folder, &[1]).unwrap(), plain);
    }

    #[test]
    fn the_first_folder_with_all_four_files_is_taken() {
        let (full, _) = small_set();
        let (partial, paths) = small_set();
        fs::remove_file(&paths[3]).unwrap();
        let folders = [partial.path().to_path_buf(), full.path().to_path_buf()];
        let files = MnistFiles::locate(&folders).unwrap();
        assert_eq!(files.test_labels, full.path().join("t10k-labels-idx1-ubyte"));
        assert_eq!(MnistFiles::locate(&folders[..1]), None);
    }

    #[test]
    fn another_content_than_the_published_one_is_refused() {
        let (folder, paths) = small_set();
        let files = MnistFiles::locate(&[folder.path().into()]).unwrap();
        let error = files.read(&Selection::default(), Checksums::Published).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(&format!("{}: uncompressed content has sha256 ", paths[0].display())), "{message}");
        assert!(message.ends_with(&format!("expected {}", PUBLISHED[0].sha256)), "{message}");
    }

    #[test]
    fn files_that_do_not_belong_together_are_named() {
        let (folder, paths) = small_set();
        fs::write(&paths[1], idx_labels(&[1, 3])).unwrap();
        let expected = format!("{}: 3 images, but {} has 2 labels", paths[0].display(), paths[1].display());
        assert_eq!(read(&folder, &[1]).unwrap_err().to_string(), expected);
        fs::write(&paths[1], idx_labels(&[1, 3, 10])).unwrap();
        let expected = format!("{}: label 10 of image 3, expected 0 to 9", paths[1].display());
        assert_eq!(read(&folder, &[1]).unwrap_err().to_string(), expected);
        fs::write(&paths[1], idx_labels(&[1, 3, 1])).unwrap();
        fs::write(&paths[2], idx_images(2, 2, 1, &[0; 4])).unwrap();
        let message = read(&folder, &[1]).unwrap_err().to_string();
        assert!(
            message.contains("t10k-images-idx3-ubyte: images of 2 by 1 pixels, expected 1 by 2 as in"),
            "{message}"
        );
    }

    #[test]
    fn images_in_place_of_labels_are_refused() {
        let (folder, paths) = small_set();
        fs::copy(&paths[0], &paths[1]).unwrap();
        let message = read(&folder, &[1]).unwrap_err().to_string();
        assert!(message.contains("train-labels-idx1-ubyte: magic number 0x00000803, expected 0x00000801"), "{message}");
    }
}
