//! IDX files: a magic number that says the type and the number of axes, the lengths of the axes, each
//! in four bytes with the highest first, and the numbers.

use super::ADVICE;
use crate::data::limits::{broken_stream, check_unpacked};
use crate::data::listing::has_extension;
use crate::{Error, Result};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// The type code of unsigned bytes.
const BYTES: u8 = 8;
/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// Height and width of the square images in `path`, and their pixels N,H,W,3: grey three times.
pub(super) fn read_images(path: &Path) -> Result<(usize, Vec<u8>)> {
    let mut idx = Idx::open(path)?;
    let [_, height, width] = idx.axes(3)?;
    if height != width {
        let advice = "cut the images to squares first";
        let found = format!("{height}×{width} pixels");
        return Err(Error::format(path, "square images", found, advice));
    }
    let pixels = idx.read(3, |pixels, bytes| {
        pixels.extend(bytes.iter().flat_map(|&byte| [byte; 3]));
    })?;
    Ok((height as usize, pixels))
}

/// The labels in `path`.
pub(super) fn read_labels(path: &Path) -> Result<Vec<u16>> {
    let mut idx = Idx::open(path)?;
    let [_] = idx.axes(1)?;
    idx.read(1, |labels, bytes| {
        labels.extend(bytes.iter().map(|&label| u16::from(label)))
    })
}

/// A file that is being read.
struct Idx<'a> {
    path: &'a Path,
    reader: Box<dyn Read>,
    is_packed: bool,
    /// Length of the file.
    bytes: u64,
    /// How many numbers the header announces.
    numbers: u64,
}

impl<'a> Idx<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let failed = |source| Error::io(path, "read the file", source);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let file = BufReader::with_capacity(CHUNK, file);
        let is_packed = has_extension(path, "gz");
        let reader: Box<dyn Read> = if is_packed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Self {
            path,
            reader,
            is_packed,
            bytes,
            numbers: 0,
        })
    }

    /// Reads the header, which must announce bytes with `N` axes; the lengths of these, none zero.
    fn axes<const N: usize>(&mut self, rank: u8) -> Result<[u32; N]> {
        let refuse = |expected: String, found: String| Error::format(self.path, expected, found, ADVICE);
        let magic = [0, 0, BYTES, rank];
        let mut found = [0; 4];
        read_exact(self.path, self.is_packed, &mut self.reader, &mut found)?;
        if found != magic {
            let expected = format!("an IDX file of bytes with {rank} axes (magic {magic:02x?})");
            return Err(refuse(expected, format!("magic {found:02x?}")));
        }
        let mut axes = [0; N];
        for length in &mut axes {
            let mut bytes = [0; 4];
            read_exact(self.path, self.is_packed, &mut self.reader, &mut bytes)?;
            *length = u32::from_be_bytes(bytes);
        }
        let product = axes
            .iter()
            .try_fold(1_u64, |product, &length| product.checked_mul(length.into()));
        self.numbers = product.filter(|&product| product > 0).ok_or_else(|| {
            let expected = "axes that are not empty and fit into memory".to_owned();
            refuse(expected, format!("{axes:?}"))
        })?;
        let expected = (4 + 4 * N as u64).saturating_add(self.numbers);
        if !self.is_packed && self.bytes != expected {
            let expected = format!("{expected} bytes for the axes {axes:?}");
            return Err(refuse(expected, format!("{} bytes", self.bytes)));
        }
        Ok(axes)
    }

    /// Reads the numbers through `append`, which makes `copies` values of each, and makes sure that
    /// nothing follows them.
    fn read<T>(mut self, copies: usize, append: impl Fn(&mut Vec<T>, &[u8])) -> Result<Vec<T>> {
        let needed = self.numbers.saturating_mul((copies * size_of::<T>()) as u64);
        check_unpacked(self.path, self.bytes, needed)?;
        let mut values = Vec::with_capacity(self.numbers as usize * copies);
        let mut chunk = vec![0; CHUNK];
        let mut left = self.numbers;
        while left > 0 {
            let part = &mut chunk[..left.min(CHUNK as u64) as usize];
            read_exact(self.path, self.is_packed, &mut self.reader, part)?;
            append(&mut values, part);
            left -= part.len() as u64;
        }
        // The end of a gzip stream is where its checksum is looked at.
        match self.reader.read(&mut [0]) {
            Ok(0) => Ok(values),
            Ok(_) => {
                let expected = format!("{} numbers behind the header", self.numbers);
                Err(Error::format(self.path, expected, "more", ADVICE))
            }
            Err(source) => Err(failed(self.path, self.is_packed, source)),
        }
    }
}

fn read_exact(path: &Path, is_packed: bool, reader: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    reader
        .read_exact(buffer)
        .map_err(|source| failed(path, is_packed, source))
}

fn failed(path: &Path, is_packed: bool, source: std::io::Error) -> Error {
    match source.kind() {
        ErrorKind::UnexpectedEof => {
            Error::format(path, "a whole IDX file", "a truncated or empty one", ADVICE)
        }
        _ if is_packed => broken_stream(path, &source),
        _ => Error::io(path, "read the file", source),
    }
}
