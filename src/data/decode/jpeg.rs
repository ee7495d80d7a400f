//! JPEG files.

use super::samples::Samples;
use super::{Header, broken, truncated};
use crate::Result;
use image::ImageDecoder;
use image::codecs::jpeg::JpegDecoder;
use std::io::Cursor;
use std::path::Path;

/// The first bytes of every JPEG file: the marker "start of image", and the beginning of another.
pub(super) const SIGNATURE: [u8; 3] = [0xFF, 0xD8, 0xFF];

pub(super) fn header(path: &Path, bytes: &[u8]) -> Result<Header> {
    // The decoder would fill what is missing with grey.
    let size = frame_size(bytes).ok_or_else(|| truncated(path))?;
    let size = size.ok_or_else(|| broken(path, "no frame"))?;
    Ok(Header { size, pixel_bytes: 3 })
}

pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Samples> {
    let failed = |error| broken(path, error);
    let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(failed)?;
    let channels = usize::from(decoder.color_type().channel_count());
    let (width, height) = decoder.dimensions();
    if frame_size(bytes).flatten() != Some([height as usize, width as usize]) {
        return Err(broken(path, "two frames of different sizes"));
    }
    let mut bytes = vec![0; channels * width as usize * height as usize];
    decoder.read_image(&mut bytes).map_err(failed)?;
    Ok(Samples {
        channels,
        width: 1,
        bytes,
    })
}

/// Height and width of the first frame, if there is one; `None` if the file does not reach its "end of
/// image" marker.
fn frame_size(bytes: &[u8]) -> Option<Option<[usize; 2]>> {
    let mut size = None;
    let mut rest = bytes.get(2..)?;
    loop {
        // Coded pixels lie between the segments: in them 0xFF is followed by 0 or a restart marker.
        let is_segment = |code| !matches!(code, 0x00 | 0x01 | 0xFF | 0xD0..=0xD8);
        let start = rest
            .windows(2)
            .position(|pair| pair[0] == 0xFF && is_segment(pair[1]))?;
        let (code, segment) = (rest.get(start + 1)?, rest.get(start + 2..)?);
        if *code == 0xD9 {
            return Some(size);
        }
        let is_frame = matches!(code, 0xC0..=0xCF) && !matches!(code, 0xC4 | 0xC8 | 0xCC);
        if let &[high, low, _, h1, h0, w1, w0, ..] = segment
            && is_frame
            && size.is_none()
            && u16::from_be_bytes([high, low]) >= 7
        {
            size = Some([[h1, h0], [w1, w0]].map(|pair| usize::from(u16::from_be_bytes(pair))));
        }
        let length = segment
            .first_chunk()
            .map(|&pair| usize::from(u16::from_be_bytes(pair)))?;
        rest = segment.get(length..)?;
    }
}
