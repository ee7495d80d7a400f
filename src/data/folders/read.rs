//! Decoding the pictures and bringing them to one size.

use super::scan::Member;
use crate::data::decode::PictureFile;
use crate::{Error, Result};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rayon::prelude::*;
use std::path::Path;

/// Bytes that the pixels of all pictures may take: 16 GiB.
const MOST_BYTES: u64 = 16 << 30;

/// The side that all pictures have in the end, and their pixels H,W,3: their own side if they are all
/// square, of one size and not larger than `side`, otherwise `side`.
///
/// Each thread has one decoded picture at a time.
pub(super) fn read(
    root: &Path,
    members: &[Member],
    side: usize,
    warnings: &mut Vec<String>,
) -> Result<(usize, Vec<Vec<u8>>)> {
    let sizes: Vec<[usize; 2]> = in_order(members, |picture| Ok(picture.size()))?;
    let side = match sizes.first() {
        Some(&[height, width])
            if height == width && height <= side && sizes.iter().all(|&size| size == [height, width]) =>
        {
            height
        }
        _ => side,
    };
    let needed = [side, side, 3]
        .iter()
        .try_fold(members.len() as u64, |bytes, &factor| {
            bytes.checked_mul(factor as u64)
        });
    if side == 0 || needed.is_none_or(|bytes| bytes > MOST_BYTES) {
        let expected = format!("at most {} GiB of pixels", MOST_BYTES >> 30);
        let found = format!("{} pictures of {side}×{side} pixels", members.len());
        let advice = "give fewer pictures or bring them to a smaller size";
        return Err(Error::format(root, expected, found, advice));
    }
    warnings.extend(resized(&sizes, side));
    let pixels = in_order(members, |picture| {
        let size = picture.size();
        square(size, picture.rgb8()?, side)
    })?;
    Ok((side, pixels))
}

/// What `work` makes of every picture, in their order, by all threads; the error is that of the first
/// picture with one.
fn in_order<T: Send>(
    members: &[Member],
    work: impl Fn(PictureFile<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let outcomes: Vec<Result<T>> = members
        .par_iter()
        .map(|member| PictureFile::open(&member.path).and_then(&work))
        .collect();
    outcomes.into_iter().collect()
}

/// The picture of `size` (height, width), cropped to the square in its middle and resized to `side`.
///
/// The same as resizing its shorter side and cropping then, without the memory that a very long
/// picture would take in between.
fn square([height, width]: [usize; 2], pixels: Vec<u8>, side: usize) -> Result<Vec<u8>> {
    if [height, width] == [side, side] {
        return Ok(pixels);
    }
    let found = pixels.len();
    let picture = RgbImage::from_raw(width as u32, height as u32, pixels).ok_or_else(|| {
        let expected = format!("{height}×{width}×3 bytes");
        Error::argument("square", "pixels", expected, found)
    })?;
    let short = height.min(width);
    let [x, y] = [width, height].map(|length| ((length - short) / 2) as u32);
    let middle = imageops::crop_imm(&picture, x, y, short as u32, short as u32);
    let resized: image::ImageBuffer<Rgb<u8>, Vec<u8>> =
        imageops::resize(&*middle, side as u32, side as u32, FilterType::CatmullRom);
    Ok(resized.into_raw())
}

/// Says how many pictures of which sizes are changed.
fn resized(sizes: &[[usize; 2]], side: usize) -> Option<String> {
    let mut changed: Vec<[usize; 2]> = sizes
        .iter()
        .copied()
        .filter(|&size| size != [side, side])
        .collect();
    let count = changed.len();
    changed.sort_unstable_by_key(|&[height, width]| (height * width, height));
    changed.dedup();
    let name = |&[height, width]: &[usize; 2]| format!("{height}×{width}");
    let (first, last) = (name(changed.first()?), name(changed.last()?));
    let from = match changed.len() {
        1 => first,
        kinds => format!("{kinds} sizes from {first} to {last}"),
    };
    Some(format!(
        "{count} of {} pictures, of {from} pixels, are cropped to the square in their middle and resized to {side}×{side}",
        sizes.len()
    ))
}
