//! How much memory what a file holds may take.

use crate::{Error, Result};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// How many times larger than the file its unpacked content may be.
const RATIO: u64 = 64;
/// Unpacked content up to this size is taken whatever the ratio: 64 MiB.
const ALWAYS: u64 = 64 << 20;

/// Bytes that a packed file of `bytes` bytes may unpack to: 64 times its own size, or 64 MiB where
/// that is more. Published data sets unpack to 1.1 (photos) up to 10 times (digits) their size; a
/// decompression bomb to 1000 times.
pub(crate) fn unpacked_limit(bytes: u64) -> u64 {
    bytes.saturating_mul(RATIO).max(ALWAYS)
}

/// Refuses what would take more than [`unpacked_limit`]; `needed` bytes for `path` of `bytes` bytes.
///
/// # Errors
/// [`Error::Format`] naming the file.
pub(crate) fn check_unpacked(path: &Path, bytes: u64, needed: u64) -> Result<()> {
    let limit = unpacked_limit(bytes);
    if needed <= limit {
        return Ok(());
    }
    Err(too_large(path, limit, format!("{needed} bytes")))
}

/// The unpacked content of a packed file of `bytes` bytes as a stream, which fails with
/// [`ErrorKind::FileTooLarge`] beyond [`unpacked_limit`].
pub(crate) struct Bounded<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Bounded<R> {
    /// Bounds `reader`.
    pub(crate) fn new(bytes: u64, reader: R) -> Self {
        let left = unpacked_limit(bytes);
        Self { reader, left }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // Beyond the limit, one byte more is enough to know.
        let most = usize::try_from(self.left.max(1)).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.reader.read(&mut buffer[..most])?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(ErrorKind::FileTooLarge.into()),
        }
        Ok(read)
    }
}

/// The error of a stream that was [`Bounded`].
pub(crate) fn broken_bounded(path: &Path, bytes: u64, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::FileTooLarge => too_large(path, unpacked_limit(bytes), "more".into()),
        _ => broken_stream(path, error),
    }
}

/// The error for a packed stream that cannot be unpacked.
pub(crate) fn broken_stream(path: &Path, error: &std::io::Error) -> Error {
    let found = match error.kind() {
        ErrorKind::UnexpectedEof => "a truncated one".to_owned(),
        _ => format!("a broken one ({error})"),
    };
    Error::format(path, "a whole packed file", found, "get the file again")
}

fn too_large(path: &Path, limit: u64, found: String) -> Error {
    let expected = format!("at most {limit} bytes when unpacked");
    let advice = "if this is no mistake, unpack it by other means and give the folder";
    Error::format(path, expected, found, advice)
}
