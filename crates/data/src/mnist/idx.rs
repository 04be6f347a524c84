//! The IDX format: a magic number, the sizes (32 bits, big-endian), the values.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::MAX_CONTENT;
use crate::digest::hex;
use crate::{DataError, gzip};

/// The third byte of the magic number: unsigned bytes.
const UNSIGNED_BYTES: u32 = 0x08;

/// An array of unsigned bytes of `N` dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx<const N: usize> {
    /// The sizes of its dimensions, the slowest first.
    pub sizes: [usize; N],
    /// Its values, as many as the product of the sizes.
    pub values: Vec<u8>,
    /// Sha256 of the whole uncompressed content, in lower-case hexadecimal.
    pub sha256: String,
}

/// Why a stream is not an IDX array.
#[derive(Debug)]
enum Fault {
    Io(io::Error),
    Format(String),
}

impl<const N: usize> Idx<N> {
    /// Reads a file, plain or gzip-compressed, that must hold exactly one array.
    ///
    /// Memory grows with what the file holds, never with what its header declares, and ends at 64 MiB: a header that
    /// declares more, or content beyond what it declares, is refused there.
    ///
    /// # Errors
    /// [`DataError`] that names the file.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::read(path, error))?;
        from_stream(path, BufReader::new(file))
    }

    /// [`Idx::read`] with the content of the file at hand; `path` is what errors name.
    ///
    /// # Errors
    /// As [`Idx::read`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, DataError> {
        from_stream(path, bytes)
    }
}

fn from_stream<const N: usize>(path: &Path, stream: impl BufRead) -> Result<Idx<N>, DataError> {
    let mut content = gzip::reader(stream).map_err(|error| DataError::read(path, error))?;
    parse(&mut content).map_err(|fault| match fault {
        Fault::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            DataError::malformed(path, "truncated gzip stream")
        }
        Fault::Io(error) => DataError::read(path, error),
        Fault::Format(problem) => DataError::malformed(path, problem),
    })
}

/// Reads at most `most` bytes; memory grows with what is there, not with what a header declares.
fn read_up_to(stream: &mut dyn Read, most: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    stream.take(most).read_to_end(&mut bytes).map_err(Fault::Io)?;
    Ok(bytes)
}

fn parse<const N: usize>(stream: &mut dyn Read) -> Result<Idx<N>, Fault> {
    let header_length = 4 + 4 * N;
    let header = read_up_to(stream, header_length as u64)?;
    let words: Vec<u32> = header.as_chunks::<4>().0.iter().map(|&word| u32::from_be_bytes(word)).collect();
    let (magic, sizes) = match words.split_first() {
        Some((&magic, sizes)) if header.len() == header_length => (magic, sizes),
        _ => {
            let problem = format!("truncated: {} bytes, expected a header of {header_length}", header.len());
            return Err(Fault::Format(problem));
        }
    };
    let expected_magic = UNSIGNED_BYTES << 8 | N as u32;
    if magic != expected_magic {
        let problem = format!("magic number {magic:#010x}, expected {expected_magic:#010x} (bytes, {N} dimensions)");
        return Err(Fault::Format(problem));
    }
    let product = sizes.iter().try_fold(1_u64, |n, &size| n.checked_mul(u64::from(size)));
    let Some(length) = product.filter(|n| (1..=MAX_CONTENT).contains(n)) else {
        return Err(Fault::Format(format!("sizes {sizes:?}, expected 1 to {MAX_CONTENT} values in all")));
    };
    let values = read_up_to(stream, length + 1)?;
    let found = values.len() as u64;
    if found < length {
        return Err(Fault::Format(format!("truncated: {found} of {length} bytes after the header")));
    }
    if found > length {
        return Err(Fault::Format(format!("more than the {length} bytes that the header declares")));
    }
    let mut sum = Sha256::new();
    sum.update(&header);
    sum.update(&values);
    Ok(Idx { sizes: std::array::from_fn(|i| sizes[i] as usize), values, sha256: hex(sum) })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The message for a file of these bytes, without the path, plain and compressed.
    fn problem(bytes: &[u8]) -> String {
        let messages = [bytes.to_vec(), compressed(bytes)].map(|content| {
            let file = file(&content);
            let message = Idx::<3>::read(file.path()).unwrap_err().to_string();
            message.strip_prefix(&format!("{}: ", file.path().display())).unwrap().to_owned()
        });
        assert_eq!(messages[0], messages[1]);
        messages[0].clone()
    }

    fn header(sizes: [u32; 3]) -> Vec<u8> {
        [vec![0, 0, 8, 3], sizes.map(u32::to_be_bytes).concat()].concat()
    }

    #[test]
    fn faulty_files_say_what_was_expected() {
        assert_eq!(problem(b""), "truncated: 0 bytes, expected a header of 16");
        assert_eq!(problem(&header([2, 3, 4])[..15]), "truncated: 15 bytes, expected a header of 16");
        let html = b"<!DOCTYPE html><html>";
        assert_eq!(problem(html), "magic number 0x3c21444f, expected 0x00000803 (bytes, 3 dimensions)");
        assert_eq!(problem(&header([0, 28, 28])), "sizes [0, 28, 28], expected 1 to 67108864 values in all");
        assert!(problem(&header([u32::MAX; 3])).starts_with("sizes [4294967295, 4294967295, 4294967295], expected"));
        assert!(problem(&header([1 << 20, 1 << 10, 2])).starts_with("sizes [1048576, 1024, 2], expected"));
        let short = [header([2, 3, 4]), vec![0; 23]].concat();
        assert_eq!(problem(&short), "truncated: 23 of 24 bytes after the header");
        let long = [header([2, 3, 4]), vec![0; 25]].concat();
        assert_eq!(problem(&long), "more than the 24 bytes that the header declares");
    }

    #[test]
    fn a_gzip_bomb_is_read_no_further_than_its_header_declares() {
        let bomb = compressed(&[header([1, 2, 2]), vec![0; 1 << 26]].concat());
        let message = Idx::<3>::read(file(&bomb).path()).unwrap_err().to_string();
        assert!(message.ends_with("more than the 4 bytes that the header declares"));
    }

    #[test]
    fn a_header_that_declares_more_than_any_mnist_is_refused_whatever_follows() {
        let most = u32::try_from(MAX_CONTENT).unwrap();
        for sizes in [[most + 1, 1, 1], [1 << 16, 1 << 16, 1], [u32::MAX, u32::MAX, 1]] {
            assert!(problem(&header(sizes)).ends_with("expected 1 to 67108864 values in all"));
        }
        assert_eq!(problem(&header([most, 1, 1])), "truncated: 0 of 67108864 bytes after the header");
    }

    #[test]
    fn bytes_at_hand_are_read_as_a_file_is() {
        let good = [header([1, 2, 2]), vec![1, 2, 3, 4]].concat();
        let here = Idx::<3>::from_bytes(Path::new("images"), &compressed(&good)).unwrap();
        assert_eq!(here, Idx::read(file(&good).path()).unwrap());
        let message = Idx::<3>::from_bytes(Path::new("images"), &good[..19]).unwrap_err().to_string();
        assert_eq!(message, "images: truncated: 3 of 4 bytes after the header");
    }

    #[test]
    fn damaged_gzip_streams_are_refused() {
        let good = compressed(&[header([1, 2, 2]), vec![1, 2, 3, 4]].concat());
        assert_eq!(Idx::<3>::read(file(&good).path()).unwrap().values, [1, 2, 3, 4]);
        let message = |bytes: &[u8]| Idx::<3>::read(file(bytes).path()).unwrap_err().to_string();
        assert!(message(&good[..good.len() - 3]).ends_with("truncated gzip stream"));
        let mut wrong_sum = good.clone();
        let crc = wrong_sum.len() - 8;
        wrong_sum[crc] ^= 1;
        assert!(message(&wrong_sum).contains("cannot be read"));
        message(&[good.as_slice(), b"trailing"].concat());
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = Idx::<1>::read(Path::new("no/such/labels")).unwrap_err().to_string();
        assert!(message.starts_with("no/such/labels: cannot be read: "), "{message}");
    }

    proptest! {
        #[test]
        fn any_array_comes_back(sizes in prop::array::uniform3(1_u32..6), fill in any::<u8>()) {
            let length = sizes.iter().product::<u32>() as usize;
            let values: Vec<u8> = (0..length).map(|i| fill.wrapping_mul(31).wrapping_add(i as u8)).collect();
            let idx = parse::<3>(&mut [header(sizes), values.clone()].concat().as_slice()).unwrap();
            prop_assert_eq!(idx.sizes, sizes.map(|size| size as usize));
            prop_assert_eq!(idx.values, values);
        }

        #[test]
        fn no_bytes_can_break_the_reader(
            mut bytes in prop::collection::vec(any::<u8>(), 0..64),
            as_images in any::<bool>(),
        ) {
            if as_images && bytes.len() > 4 {
                bytes[..4].copy_from_slice(&[0, 0, 8, 3]);
            }
            if let Ok(idx) = parse::<3>(&mut bytes.as_slice()) {
                prop_assert_eq!(idx.sizes.iter().product::<usize>(), bytes.len() - 16);
            }
        }
    }
}
