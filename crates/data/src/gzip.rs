//! Files that may be gzip-compressed.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

/// The first two bytes of every gzip stream (RFC 1952, 2.3.1).
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The uncompressed content of `inner`; whether it is compressed is told by its first bytes, not by its name.
pub(crate) fn reader<'a>(mut inner: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    if inner.fill_buf()?.starts_with(&MAGIC) {
        return Ok(Box::new(MultiGzDecoder::new(inner)));
    }
    Ok(Box::new(inner))
}
