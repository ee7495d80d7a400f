//! Tiles of the matrix that turns a convolution into a product (im2col), and their adjoint.
//!
//! The whole matrix is R·S times the input and never exists: a tile of rows is made, used while it
//! is in the cache, and forgotten. In N,H,W,C one row of a window is contiguous in the picture, so
//! a row of the tile is R copies of up to S·C elements.

use super::Geometry;
use crate::tensor::Element;
use std::ops::Range;

/// The overlap of one window row with the picture: elements before, inside and after, and where
/// the inside starts in the input.
struct Overlap {
    before: usize,
    inside: usize,
    start: usize,
}

/// An output pixel.
#[derive(Clone, Copy)]
struct Pixel {
    n: usize,
    p: usize,
    q: usize,
}

impl Pixel {
    /// Output pixel number `row` of the batch.
    #[inline(always)]
    fn of(g: &Geometry, row: usize) -> Self {
        Self {
            n: row / (g.q * g.p),
            p: row / g.q % g.p,
            q: row % g.q,
        }
    }

    /// Where row `r` of its window lies; nothing if outside.
    #[inline(always)]
    fn overlap(self, g: &Geometry, r: usize) -> Option<Overlap> {
        let h = (self.p * g.stride[0] + r).checked_sub(g.padding[0])?;
        if h >= g.h {
            return None;
        }
        let left = self.q * g.stride[1];
        let first = g.padding[1].saturating_sub(left).min(g.s);
        let end = (g.w + g.padding[1]).saturating_sub(left).min(g.s);
        if end <= first {
            return None;
        }
        let w = left + first - g.padding[1];
        Some(Overlap {
            before: first * g.c,
            inside: (end - first) * g.c,
            start: ((self.n * g.h + h) * g.w + w) * g.c,
        })
    }
}

/// Writes the elements `range` of the unrolled window of output pixel `row` into `out`.
#[inline(always)]
pub(super) fn unroll_range<T: Element>(
    g: &Geometry,
    x: &[T],
    row: usize,
    range: Range<usize>,
    out: &mut [T],
) {
    let width = g.s * g.c;
    let pixel = Pixel::of(g, row);
    let mut at = range.start;
    while at < range.end {
        let r = at / width;
        let end = range.end.min((r + 1) * width);
        let out = &mut out[at - range.start..end - range.start];
        // Places in the row of the window.
        let (first, last) = (at - r * width, end - r * width);
        match pixel.overlap(g, r) {
            Some(o) => {
                let from = o.before.clamp(first, last);
                let to = (o.before + o.inside).clamp(first, last);
                out[..from - first].fill(T::zero());
                if from < to {
                    let start = o.start + from - o.before;
                    out[from - first..to - first].copy_from_slice(&x[start..start + to - from]);
                }
                out[to.max(from) - first..].fill(T::zero());
            }
            None => out.fill(T::zero()),
        }
        at = end;
    }
}

/// Writes the unrolled windows of output pixels `first_row..` into `tile` (rows × R·S·C).
pub(super) fn unroll<T: Element>(g: &Geometry, x: &[T], first_row: usize, tile: &mut [T]) {
    for (i, window) in tile.chunks_exact_mut(g.depth()).enumerate() {
        unroll_range(g, x, first_row + i, 0..g.depth(), window);
    }
}

/// Adds the windows in `tile` back to the input pixels they came from (the adjoint of
/// [`unroll`]); `dx` is the gradient of image `image` alone.
pub(super) fn fold<T: Element>(g: &Geometry, tile: &[T], image: usize, first_row: usize, dx: &mut [T]) {
    let width = g.s * g.c;
    let origin = image * g.h * g.w * g.c;
    for (i, window) in tile.chunks_exact(g.depth()).enumerate() {
        let pixel = Pixel::of(g, first_row + i);
        for (r, from) in window.chunks_exact(width).enumerate() {
            if let Some(o) = pixel.overlap(g, r) {
                let to = &mut dx[o.start - origin..o.start - origin + o.inside];
                for (to, &from) in to.iter_mut().zip(&from[o.before..]) {
                    *to += from;
                }
            }
        }
    }
}
