//! PNG files.

use crate::{Error, Result};
use png::{BitDepth, Decoder, DecodingError, Limits, Reader, Transformations};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Bytes the decoder may take beside the pixels (tables, text, colour profiles).
const DECODER_BYTES: usize = 64 << 20;

/// A file whose header has been read.
pub(super) type Opened = Reader<BufReader<File>>;

/// Reads the header of the PNG file at `path`.
pub(super) fn open(path: &Path) -> Result<Opened> {
    let file = File::open(path).map_err(|source| Error::io(path, "read the picture", source))?;
    let mut decoder = Decoder::new_with_limits(BufReader::new(file), Limits { bytes: DECODER_BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.read_info().map_err(|error| refused(path, error))
}

/// Height and width in pixels.
pub(super) fn size(reader: &Opened) -> [usize; 2] {
    let info = reader.info();
    [info.height as usize, info.width as usize]
}

/// Decodes the pixels to `out`: H,W,3 in [0,1].
pub(super) fn into_rgb(mut reader: Opened, path: &Path, out: &mut [f32]) -> Result<()> {
    let failed = |error| refused(path, error);
    let bytes = reader
        .output_buffer_size()
        .ok_or_else(|| failed(DecodingError::LimitsExceeded))?;
    let mut raw = vec![0; bytes];
    let frame = reader.next_frame(&mut raw).map_err(failed)?;
    reader.finish().map_err(failed)?;
    let samples = frame.color_type.samples();
    let read: fn(&[u8]) -> f32 = match frame.bit_depth {
        BitDepth::Sixteen => |two| f32::from(u16::from_be_bytes([two[0], two[1]])) / 65535.0,
        _ => |one| f32::from(one[0]) / 255.0,
    };
    let width = if frame.bit_depth == BitDepth::Sixteen {
        2
    } else {
        1
    };
    for (out, pixel) in out.chunks_exact_mut(3).zip(raw.chunks_exact(samples * width)) {
        for (channel, value) in out.iter_mut().enumerate() {
            // One or two samples are grey (with alpha), three or four are colours (with alpha).
            let sample = if samples < 3 { 0 } else { channel };
            *value = read(&pixel[sample * width..]);
        }
    }
    Ok(())
}

fn refused(path: &Path, error: DecodingError) -> Error {
    match error {
        DecodingError::IoError(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            Error::io(path, "read the picture", source)
        }
        DecodingError::IoError(_) => Error::format(
            path,
            "a whole PNG picture",
            "a truncated one",
            "give the whole file",
        ),
        error => {
            let advice = "give a PNG file, a folder of them, or a .safetensors file with `images`";
            Error::format(path, "a PNG picture", error, advice)
        }
    }
}
