//! Picture files: PNG and JPEG, told apart by their first bytes.

mod jpeg;
mod png;
mod samples;
#[cfg(test)]
mod tests;

use super::limits::unpacked_limit;
use crate::io::atomic;
use crate::{Error, Result};
use samples::Samples;
use std::path::Path;

/// What a file that is to be decoded must be, for messages.
const EXPECTED: &str = "a PNG or JPEG picture";
const ADVICE: &str = "convert the picture to PNG";

/// The formats.
#[derive(Clone, Copy)]
enum Format {
    Png,
    Jpeg,
}

/// A picture file in memory, of which the header has been read.
pub(super) struct PictureFile<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    format: Format,
    size: [usize; 2],
}

impl<'a> PictureFile<'a> {
    /// Reads the file at `path` and its header.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is no picture, truncated before its
    /// pixels, or announces more pixels than [`unpacked_limit`] has room for.
    pub fn open(path: &'a Path) -> Result<Self> {
        let bytes = atomic::read(path)?;
        let format = recognise(path, &bytes)?;
        let header = match format {
            Format::Png => png::header(path, &bytes)?,
            Format::Jpeg => jpeg::header(path, &bytes)?,
        };
        let [height, width] = header.size;
        let needed = [height, width, header.pixel_bytes]
            .iter()
            .try_fold(1_u64, |product, &factor| product.checked_mul(factor as u64));
        let limit = unpacked_limit(bytes.len() as u64);
        if height == 0 || width == 0 || needed.is_none_or(|needed| needed > limit) {
            let expected = format!("1 to {} MiB of pixels in a file of this size", limit >> 20);
            let found = format!("{height}×{width} pixels");
            return Err(Error::format(path, expected, found, "give a smaller picture"));
        }
        Ok(Self {
            path,
            bytes,
            format,
            size: header.size,
        })
    }

    /// Height and width in pixels.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The pixels as bytes H,W,3; samples of 16 bits are rounded.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is truncated or broken.
    pub fn rgb8(self) -> Result<Vec<u8>> {
        Ok(self.decode()?.rgb8())
    }

    /// The pixels as numbers in [0, 1] to `out`, H,W,3.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is truncated or broken.
    pub fn rgb_f32(self, out: &mut [f32]) -> Result<()> {
        self.decode()?.rgb_f32(out);
        Ok(())
    }

    fn decode(self) -> Result<Samples> {
        match self.format {
            Format::Png => png::decode(self.path, &self.bytes),
            Format::Jpeg => jpeg::decode(self.path, &self.bytes),
        }
    }
}

/// What a header says.
struct Header {
    /// Height and width in pixels.
    size: [usize; 2],
    /// Bytes a decoded pixel takes.
    pixel_bytes: usize,
}

fn recognise(path: &Path, bytes: &[u8]) -> Result<Format> {
    let begins = |signature: &[u8]| bytes.starts_with(signature) || signature.starts_with(bytes);
    if bytes.is_empty() {
        return Err(Error::format(path, EXPECTED, "an empty file", ADVICE));
    }
    if begins(&png::SIGNATURE) {
        return Ok(Format::Png);
    }
    if begins(&jpeg::SIGNATURE) {
        return Ok(Format::Jpeg);
    }
    Err(Error::format(path, EXPECTED, "another format", ADVICE))
}

/// The error for a file that ends too early.
fn truncated(path: &Path) -> Error {
    Error::format(path, "a whole picture", "a truncated one", "give the whole file")
}

/// The error for a file that its decoder does not understand.
fn broken(path: &Path, reason: impl ToString) -> Error {
    // A decoder's reason may have several lines.
    let reason = reason.to_string().replace(['\n', '\r'], " ");
    Error::format(path, EXPECTED, format!("a broken one ({reason})"), ADVICE)
}
