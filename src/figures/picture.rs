//! The small RGB pictures that figures are made of.

use super::raster::SCALE;
use crate::{Error, Result};

/// A borrowed RGB picture: H×W×3 values, row by row from the top, nominally in [0, 1].
///
/// Values outside [0, 1] are clamped when drawn and NaN is drawn as 0.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    width: usize,
    height: usize,
    rgb: &'a [f32],
}

impl<'a> Picture<'a> {
    /// A picture of `width` × `height` pixels over `rgb` (H×W×3).
    ///
    /// # Errors
    /// When a side is 0 or `rgb` does not hold exactly `height · width · 3` values.
    pub fn new(width: usize, height: usize, rgb: &'a [f32]) -> Result<Self> {
        let values = height.checked_mul(width).and_then(|n| n.checked_mul(3));
        if width == 0 || height == 0 || values != Some(rgb.len()) {
            return Err(Error::shape(
                "figures::Picture::new",
                "rgb",
                format!("H×W×3 = {height}×{width}×3, no side 0"),
                format!("{} values", rgb.len()),
            ));
        }
        Ok(Self { width, height, rgb })
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The values, H×W×3.
    pub fn rgb(&self) -> &'a [f32] {
        self.rgb
    }

    /// It at `at` in a square box of `side` pixels, with no more pixels than a file shows of it.
    pub(super) fn placed(&self, at: (f32, f32), side: usize) -> PlacedPicture {
        let most = side * usize::from(SCALE);
        let size = if self.width.max(self.height) <= most {
            (self.width, self.height)
        } else {
            shown((self.width, self.height), most)
        };
        let pixels = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y)));
        let pixels = Pixels {
            size,
            rgb: pixels.map(|(x, y)| self.mean(x, y, size)).collect(),
        };
        PlacedPicture { at, side, pixels }
    }

    /// Mean colour of the pixels under pixel (`x`, `y`) of the picture scaled down to `size`.
    fn mean(&self, x: usize, y: usize, size: (usize, usize)) -> [u8; 3] {
        let span = |i: usize, source: usize, target: usize| {
            let first = i * source / target;
            first..((i + 1) * source / target).clamp(first + 1, source)
        };
        let (rows, columns) = (span(y, self.height, size.1), span(x, self.width, size.0));
        let count = (rows.len() * columns.len()) as f32;
        let mut sum = [0.0f32; 3];
        for row in rows {
            for column in columns.clone() {
                let at = (row * self.width + column) * 3;
                for (total, value) in sum.iter_mut().zip(&self.rgb[at..at + 3]) {
                    *total += value;
                }
            }
        }
        // A float cast to u8 saturates and takes NaN to 0.
        sum.map(|total| (total / count * 255.0).round() as u8)
    }
}

/// A picture and its place on a sheet.
pub(super) struct PlacedPicture {
    /// Upper left corner of its box.
    pub at: (f32, f32),
    /// Side of its box.
    pub side: usize,
    pub pixels: Pixels,
}

/// The 8-bit pixels of a picture.
pub(super) struct Pixels {
    size: (usize, usize),
    rgb: Vec<[u8; 3]>,
}

impl Pixels {
    /// Size at which they are drawn in a square box of `side` pixels; see [`shown`].
    pub fn shown(&self, side: usize) -> (usize, usize) {
        shown(self.size, side)
    }

    /// Colour of pixel (`x`, `y`) of a drawing of `shown` size: the nearest pixel.
    pub fn sample(&self, x: usize, y: usize, shown: (usize, usize)) -> [u8; 3] {
        let column = x * self.size.0 / shown.0.max(1);
        let row = y * self.size.1 / shown.1.max(1);
        let pixel = self.rgb.get(row * self.size.0 + column);
        pixel.copied().unwrap_or_default()
    }
}

/// Width and height of a picture of `size` in a square box of `side` pixels: the largest whole
/// multiple that fits, so that every pixel is equally large, or scaled down when it is too large.
fn shown(size: (usize, usize), side: usize) -> (usize, usize) {
    let longest = size.0.max(size.1).max(1);
    let scale = |n: usize| {
        if longest <= side {
            n * (side / longest)
        } else {
            (n * side / longest).max(1)
        }
    };
    (scale(size.0), scale(size.1))
}
