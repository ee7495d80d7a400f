//! PNG files.

use super::samples::Samples;
use super::{Header, broken, truncated};
use crate::{Error, Result};
use png::{BitDepth, Decoder, DecodingError, Limits, Reader, Transformations};
use std::io::{Cursor, ErrorKind};
use std::path::Path;

/// The first bytes of every PNG file.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Bytes the decoder may take beside the pixels.
const DECODER_BYTES: usize = 64 << 20;

fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<Reader<Cursor<&'a [u8]>>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: DECODER_BYTES });
    // Palettes are looked up, narrow samples widened to bytes.
    decoder.set_transformations(Transformations::EXPAND);
    // Packed chunks that are not looked at must not be unpacked.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.read_info().map_err(|error| refused(path, error))
}

fn sample_width(depth: BitDepth) -> usize {
    if depth == BitDepth::Sixteen { 2 } else { 1 }
}

pub(super) fn header(path: &Path, bytes: &[u8]) -> Result<Header> {
    let reader = open(path, bytes)?;
    let (colour, depth) = reader.output_color_type();
    let info = reader.info();
    Ok(Header {
        size: [info.height as usize, info.width as usize],
        pixel_bytes: colour.samples() * sample_width(depth),
    })
}

pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Samples> {
    let failed = |error| refused(path, error);
    let mut reader = open(path, bytes)?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| failed(DecodingError::LimitsExceeded))?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(failed)?;
    // A file that is cut behind its pixels is truncated, too.
    reader.finish().map_err(failed)?;
    Ok(Samples {
        channels: frame.color_type.samples(),
        width: sample_width(frame.bit_depth),
        bytes,
    })
}

fn refused(path: &Path, error: DecodingError) -> Error {
    match error {
        DecodingError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => truncated(path),
        error => broken(path, error),
    }
}
