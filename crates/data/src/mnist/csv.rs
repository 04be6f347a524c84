//! MNIST as comma-separated text, one image a row, each image column by column.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{check_pairs, plain_or_gzip};
use crate::preprocess::{Images, preprocess};
use crate::{DataError, Dataset, Selection, gzip};

/// Rows and columns of an image.
const SIDE: usize = 28;
/// The most bytes a row may have, more than 784 numbers in full precision need.
const MAX_ROW: u64 = 1 << 16;
/// The most lines a file may have, twice the training images of MNIST.
const MAX_LINES: usize = 1 << 17;
/// The most bytes a file may have uncompressed, twice what the training images in 24 characters a pixel need.
const MAX_TEXT: u64 = 1 << 31;

/// A folder with `images_train.csv`, `labels_train.csv`, `images_test.csv` and `labels_test.csv`, plain or with `.gz`.
///
/// A row of an image file holds 784 pixels from 0 to 255 in column-major order (the image transposed), a row of a label
/// file one digit. Each file may begin with one row of column names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MnistCsv {
    /// The folder.
    pub folder: PathBuf,
}

impl MnistCsv {
    /// The chosen images, transposed back, with the same selection and scaling as
    /// [`MnistFiles::read`](super::MnistFiles::read).
    pub fn read(&self, selection: &Selection) -> Result<Dataset, DataError> {
        let (train, test) = (self.split("train")?, self.split("test")?);
        preprocess(&train, &test, selection, false)
    }

    fn split(&self, split: &str) -> Result<Images<f32>, DataError> {
        let (images, labels) = (self.file("images", split)?, self.file("labels", split)?);
        let pixels = read_images(&images, open(&images)?)?;
        let digits = read_labels(&labels, open(&labels)?)?;
        check_pairs(&images, pixels.len() / (SIDE * SIDE), &labels, digits.len())?;
        Ok(Images { height: SIDE, width: SIDE, pixels, labels: digits })
    }

    /// The pixels `[n, 784]` of an image file whose content is at hand, each image row by row; `path` is what errors name.
    ///
    /// # Errors
    /// [`DataError`] that names the file and the line.
    pub fn images_from_bytes(path: &Path, bytes: &[u8]) -> Result<Vec<f32>, DataError> {
        read_images(path, bytes)
    }

    /// The digits `[n]` of a label file whose content is at hand; `path` is what errors name.
    ///
    /// # Errors
    /// [`DataError`] that names the file and the line.
    pub fn labels_from_bytes(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, DataError> {
        read_labels(path, bytes)
    }

    fn file(&self, kind: &str, split: &str) -> Result<PathBuf, DataError> {
        let name = format!("{kind}_{split}.csv");
        plain_or_gzip(&self.folder, &name)
            .ok_or_else(|| DataError::malformed(&self.folder, format!("no file {name} or {name}.gz")))
    }
}

fn open(path: &Path) -> Result<BufReader<File>, DataError> {
    File::open(path).map(BufReader::new).map_err(|error| DataError::read(path, error))
}

fn read_images(path: &Path, stream: impl BufRead) -> Result<Vec<f32>, DataError> {
    let mut pixels = Vec::new();
    each_row(path, stream, |row| push_image(&mut pixels, row))?;
    Ok(pixels)
}

fn read_labels(path: &Path, stream: impl BufRead) -> Result<Vec<u8>, DataError> {
    let mut digits = Vec::new();
    each_row(path, stream, |row| {
        digits.push(label(row)?);
        Ok(())
    })?;
    Ok(digits)
}

/// Calls `row` with the text of each row of numbers, plain or out of a gzip stream.
fn each_row(
    path: &Path,
    stream: impl BufRead,
    mut row: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), DataError> {
    let content = gzip::reader(stream).map_err(|error| DataError::read(path, error))?;
    // One byte more than allowed, so that a file of just that size can be told from a longer one.
    let mut stream = BufReader::new(content.take(MAX_TEXT + 1));
    let (mut bytes, mut total) = (Vec::new(), 0);
    for line in 1.. {
        let malformed = |problem: String| DataError::malformed_line(path, line, problem);
        bytes.clear();
        stream.by_ref().take(MAX_ROW).read_until(b'\n', &mut bytes).map_err(|error| DataError::read(path, error))?;
        if bytes.is_empty() {
            break;
        }
        total += bytes.len() as u64;
        if bytes.len() as u64 == MAX_ROW && !bytes.ends_with(b"\n") {
            return Err(malformed(format!("a row of more than {MAX_ROW} bytes")));
        }
        if line > MAX_LINES || total > MAX_TEXT {
            return Err(malformed(format!("expected at most {MAX_LINES} lines and {MAX_TEXT} bytes")));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed("not UTF-8 text".into()))?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || line == 1 && is_header(text) {
            continue;
        }
        row(text).map_err(malformed)?;
    }
    Ok(())
}

/// A row of column names: nothing in it is a number.
fn is_header(row: &str) -> bool {
    row.split(',').all(|field| number(field).is_none())
}

/// A field as a number; whole numbers up to 255, nearly all there are, take the short way.
fn number(field: &str) -> Option<f32> {
    let field = field.trim();
    field.parse::<u8>().map(f32::from).ok().or_else(|| field.parse().ok())
}

/// Appends the image of a row: field c * 28 + r is the pixel of row r and column c.
fn push_image(pixels: &mut Vec<f32>, row: &str) -> Result<(), String> {
    let mut image = [0.0; SIDE * SIDE];
    let mut found = 0;
    for (i, field) in row.split(',').enumerate() {
        let pixel = number(field).filter(|pixel| (0.0..=255.0).contains(pixel));
        let pixel = pixel.ok_or_else(|| format!("field {}: {field:?}, expected a pixel from 0 to 255", i + 1))?;
        if i < SIDE * SIDE {
            image[i % SIDE * SIDE + i / SIDE] = pixel;
        }
        found = i + 1;
    }
    if found != SIDE * SIDE {
        return Err(format!("{found} fields, expected {}", SIDE * SIDE));
    }
    pixels.extend_from_slice(&image);
    Ok(())
}

/// The digit of a row, written as a whole number or with decimals (`3`, `3.0`, `3.000e+00`).
fn label(row: &str) -> Result<u8, String> {
    number(row)
        .filter(|label| label.fract() == 0.0 && (0.0..=9.0).contains(label))
        .map(|label| label as u8)
        .ok_or_else(|| format!("{row:?}, expected a label from 0 to 9"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::*;

    /// Pixel of row r and column c of test image `i`: no two neighbours alike, not symmetric.
    fn pixel(i: usize, r: usize, c: usize) -> usize {
        (7 * r + 11 * c + r * c + 50 * i) % 256
    }

    fn image_row(i: usize) -> String {
        let fields: Vec<String> = (0..784).map(|k| pixel(i, k % 28, k / 28).to_string()).collect();
        fields.join(",") + "\n"
    }

    fn folder() -> TempDir {
        let folder = TempDir::new().unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        write("images_train.csv", image_row(0) + &image_row(1) + &image_row(2));
        write("labels_train.csv", "3\n1\n3.0\n".into());
        write("images_test.csv", image_row(3));
        write("labels_test.csv", "3.000e+00".into());
        folder
    }

    fn read(folder: &TempDir) -> Result<Dataset, DataError> {
        let selection = Selection { digits: vec![3], ..Selection::default() };
        MnistCsv { folder: folder.path().into() }.read(&selection)
    }

    fn with(name: &str, text: impl AsRef<[u8]>) -> (TempDir, Result<Dataset, DataError>) {
        let folder = folder();
        fs::write(folder.path().join(name), text).unwrap();
        let data = read(&folder);
        (folder, data)
    }

    #[test]
    fn images_are_transposed_back_and_chosen_as_from_idx() {
        let data = read(&folder()).unwrap();
        let raw = |image: [usize; 2]| Images {
            height: 28,
            width: 28,
            pixels: image.iter().flat_map(|&i| (0..784).map(move |k| pixel(i, k / 28, k % 28) as u8)).collect(),
            labels: vec![3, 3],
        };
        let selection = Selection { test_limit: Some(1), ..Selection::default() };
        assert_eq!(data, preprocess(&raw([0, 2]), &raw([3, 3]), &selection, false).unwrap());
    }

    #[test]
    fn header_rows_line_ends_and_compression_change_nothing() {
        let reference = read(&folder()).unwrap();
        let names: Vec<String> = (0..784).map(|i| format!("p{i}")).collect();
        let (_, with_header) = with("images_test.csv", names.join(",") + "\r\n" + image_row(3).trim_end() + "\r\n\r\n");
        assert_eq!(with_header.unwrap(), reference);
        assert_eq!(with("labels_train.csv", "\u{feff}label\n3\n1\n3\n").1.unwrap(), reference);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(image_row(3).as_bytes()).unwrap();
        assert_eq!(with("images_test.csv", encoder.finish().unwrap()).1.unwrap(), reference);
    }

    #[test]
    fn a_gzip_stream_that_swells_is_given_up() {
        let swelling = |line: &[u8], times: usize| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            (0..times).for_each(|_| encoder.write_all(line).unwrap());
            encoder.finish().unwrap()
        };
        // Blank lines hold no image, and could go on for ever.
        let lines = swelling(&[b'\n'; 1 << 16], 3);
        assert!(lines.len() < 1000);
        let message = MnistCsv::images_from_bytes(Path::new("images"), &lines).unwrap_err().to_string();
        assert_eq!(message, "images:131073: expected at most 131072 lines and 2147483648 bytes");
        let row = swelling(&[b' '; 1 << 16], 64);
        let message = MnistCsv::labels_from_bytes(Path::new("labels"), &row).unwrap_err().to_string();
        assert_eq!(message, "labels:1: a row of more than 65536 bytes");
    }

    #[test]
    fn faulty_rows_name_the_file_and_the_line() {
        let row = image_row(1);
        let last = row.trim_end().rsplit(',').next().unwrap();
        let short = row.trim_end().strip_suffix(&format!(",{last}")).unwrap().to_owned();
        let cases: [(&str, Vec<u8>, &str); 8] = [
            ("images_train.csv", (image_row(0) + &short + "\n").into(), "images_train.csv:2: 783 fields, expected 784"),
            (
                "images_train.csv",
                format!("{short},256").into(),
                "images_train.csv:1: field 784: \"256\", expected a pixel",
            ),
            (
                "images_train.csv",
                format!("{short},nan").into(),
                "images_train.csv:1: field 784: \"nan\", expected a pixel",
            ),
            ("images_train.csv", format!("{short},0,0").into(), "images_train.csv:1: 785 fields, expected 784"),
            ("images_train.csv", vec![b'1'; 70_000], "images_train.csv:1: a row of more than 65536 bytes"),
            ("labels_train.csv", "3\n1\nthree\n".into(), "labels_train.csv:3: \"three\", expected a label from 0 to 9"),
            ("labels_train.csv", "3\n1.5\n3\n".into(), "labels_train.csv:2: \"1.5\", expected a label from 0 to 9"),
            ("labels_train.csv", b"3\n\xff\n".to_vec(), "labels_train.csv:2: not UTF-8 text"),
        ];
        for (name, text, expected) in cases {
            let (folder, data) = with(name, text);
            let message = data.unwrap_err().to_string();
            let place = folder.path().join(expected).display().to_string();
            assert!(message.starts_with(&place), "{message}");
        }
        let message = with("labels_train.csv", "3\n1\n").1.unwrap_err().to_string();
        assert!(
            message.contains("images_train.csv: 3 images, but ") && message.ends_with(" has 2 labels"),
            "{message}"
        );
        let empty = folder();
        fs::remove_file(empty.path().join("labels_test.csv")).unwrap();
        assert!(read(&empty).unwrap_err().to_string().ends_with(": no file labels_test.csv or labels_test.csv.gz"));
    }
}
