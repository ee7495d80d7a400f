//! Images in the layouts that files have, as bytes N,H,W,3.

use super::numbers::{Array, Kind};
use crate::{Error, Result};
use std::borrow::Cow;
use std::path::Path;

/// Furthest that a number may be from a whole 255th without a warning, in 255ths.
const EXACT: f64 = 1e-3;

/// Square images of one size.
pub(super) struct Images {
    pub side: usize,
    /// N,H,W,3.
    pub pixels: Vec<u8>,
    /// How many numbers were no whole 255ths.
    pub inexact: usize,
}

impl Images {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.pixels.len() / self.size()
    }

    /// Those whose index is `wanted`.
    pub fn chosen(&self, wanted: impl Fn(usize) -> bool) -> Self {
        let images = self.pixels.chunks_exact(self.size()).enumerate();
        let images = images.filter(|&(index, _)| wanted(index));
        Self {
            side: self.side,
            pixels: images.flat_map(|(_, image)| image).copied().collect(),
            inexact: 0,
        }
    }

    fn size(&self) -> usize {
        3 * self.side * self.side
    }
}

/// How the numbers of an image lie.
#[derive(Clone, Copy)]
enum Layout {
    /// Three planes: C,H,W.
    Planes,
    /// Three numbers a pixel: H,W,C.
    Pixels,
    /// One number a pixel.
    Grey,
}

/// The images in the array `name`.
pub(super) fn read(path: &Path, name: &str, array: &Array<'_>) -> Result<Images> {
    let refuse = |found: String, advice: &str| {
        let expected =
            format!("`{name}` of shape (N,3,H,W), (N,H,W,3), (N,1,H,W), (N,H,W,1) or (N,H,W), square images");
        Err(Error::format(path, expected, found, advice))
    };
    // Three channels in either place are planes: files of this crate and of PyTorch have them so.
    let (height, width, layout) = match array.shape[..] {
        [_, 3, height, width] => (height, width, Layout::Planes),
        [_, height, width, 3] => (height, width, Layout::Pixels),
        [_, 1, height, width] | [_, height, width, 1] | [_, height, width] => (height, width, Layout::Grey),
        _ => {
            return refuse(
                format!("shape {:?}", array.shape),
                "bring the array to such a shape",
            );
        }
    };
    if height != width || array.shape.contains(&0) {
        let advice = "cut the images to squares first, or give a folder of pictures";
        return refuse(format!("shape {:?}", array.shape), advice);
    }
    let (bytes, inexact) = bytes(path, name, array)?;
    let plane = height * width;
    let pixels = match layout {
        Layout::Pixels => bytes.into_owned(),
        Layout::Grey => bytes.iter().flat_map(|&grey| [grey; 3]).collect(),
        Layout::Planes => {
            let mut pixels = Vec::with_capacity(bytes.len());
            for image in bytes.chunks_exact(3 * plane) {
                pixels.extend((0..plane).flat_map(|i| [image[i], image[plane + i], image[2 * plane + i]]));
            }
            pixels
        }
    };
    Ok(Images {
        side: height,
        pixels,
        inexact,
    })
}

/// The numbers as bytes, and how many were no whole 255ths.
fn bytes<'a>(path: &Path, name: &str, array: &'a Array<'_>) -> Result<(Cow<'a, [u8]>, usize)> {
    if array.kind.kind == Kind::U8 {
        return Ok((Cow::Borrowed(&array.bytes), 0));
    }
    let Some(numbers) = array.floats() else {
        let expected = format!("`{name}` of bytes from 0 to 255, or of floating-point numbers from 0 to 1");
        let found = format!("the type {:?}", array.kind.kind);
        let advice = "change the type with .astype(numpy.uint8)";
        return Err(Error::format(path, expected, found, advice));
    };
    // Half precision cannot hold 255ths any better.
    let exact = if array.kind.kind == Kind::F16 {
        255.0 * f64::from(half::f16::EPSILON) / 2.0
    } else {
        EXACT
    };
    let (mut inexact, mut strange, mut outside) = (0, 0, 0);
    let bytes: Vec<u8> = numbers
        .map(|number| {
            let scaled = 255.0 * number;
            if !number.is_finite() {
                strange += 1;
            } else if !(0.0..=1.0).contains(&number) {
                outside += 1;
            } else if (scaled - scaled.round()).abs() > exact {
                inexact += 1;
            }
            scaled.round() as u8
        })
        .collect();
    if strange + outside > 0 {
        let found = format!(
            "{strange} NaN or infinite and {outside} outside, of {} numbers",
            bytes.len()
        );
        let advice = "divide bytes by 255, undo any normalisation";
        return Err(Error::format(path, format!("`{name}` in [0, 1]"), found, advice));
    }
    Ok((Cow::Owned(bytes), inexact))
}
