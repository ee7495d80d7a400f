//! The small RGB pictures that figures are made of.

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

    /// Size in pixels at which it is drawn in a square box of `side`: the largest whole multiple
    /// that fits, so that every source pixel is equally large, or scaled down when it is too large.
    pub(super) fn shown(&self, side: usize) -> (usize, usize) {
        let longest = self.width.max(self.height);
        let scale = |n: usize| {
            if longest <= side {
                n * (side / longest)
            } else {
                (n * side / longest).max(1)
            }
        };
        (scale(self.width), scale(self.height))
    }

    /// Mean colour of the source pixels under pixel (`x`, `y`) of a drawing of `shown` size: one
    /// pixel (nearest neighbour) when scaled up, the box they fill when scaled down.
    pub(super) fn sample(&self, x: usize, y: usize, shown: (usize, usize)) -> [u8; 3] {
        let span = |i: usize, source: usize, target: usize| {
            let first = i * source / target;
            first..((i + 1) * source / target).clamp(first + 1, source)
        };
        let (rows, columns) = (span(y, self.height, shown.1), span(x, self.width, shown.0));
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
