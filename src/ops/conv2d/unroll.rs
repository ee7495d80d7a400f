//! Tiles of the matrix that turns a convolution into a product (im2col), and their adjoint.
//!
//! The whole matrix is R·S times the input and never exists: a tile of rows is made, used while it
//! is in the cache, and forgotten. In N,H,W,C one row of a window is contiguous in the picture, so
//! a row of the tile is R copies of up to S·C elements.

use super::Geometry;
use crate::tensor::Element;

/// The overlap of one window row with the picture: elements before, inside and after, and where
/// the inside starts in the input.
struct Overlap {
    before: usize,
    inside: usize,
    start: usize,
}

/// Where row `r` of the window of output pixel `row` (flat n,p,q) lies; nothing if outside.
#[inline(always)]
fn overlap(g: &Geometry, row: usize, r: usize) -> Option<Overlap> {
    let q = row % g.q;
    let p = row / g.q % g.p;
    let n = row / (g.q * g.p);
    let h = (p * g.stride[0] + r).checked_sub(g.padding[0])?;
    if h >= g.h {
        return None;
    }
    let left = q * g.stride[1];
    let first = g.padding[1].saturating_sub(left).min(g.s);
    let end = (g.w + g.padding[1]).saturating_sub(left).min(g.s);
    if end <= first {
        return None;
    }
    let w = left + first - g.padding[1];
    Some(Overlap {
        before: first * g.c,
        inside: (end - first) * g.c,
        start: ((n * g.h + h) * g.w + w) * g.c,
    })
}

/// Writes the unrolled windows of output pixels `first_row..` into `tile` (rows × R·S·C).
pub(super) fn unroll<T: Element>(g: &Geometry, x: &[T], first_row: usize, tile: &mut [T]) {
    let width = g.s * g.c;
    for (i, window) in tile.chunks_exact_mut(g.depth()).enumerate() {
        for (r, out) in window.chunks_exact_mut(width).enumerate() {
            match overlap(g, first_row + i, r) {
                Some(o) if o.inside == width => {
                    out.copy_from_slice(&x[o.start..o.start + width]);
                }
                Some(o) => {
                    out[..o.before].fill(T::zero());
                    out[o.before..o.before + o.inside].copy_from_slice(&x[o.start..o.start + o.inside]);
                    out[o.before + o.inside..].fill(T::zero());
                }
                None => out.fill(T::zero()),
            }
        }
    }
}

/// Adds the windows in `tile` back to the input pixels they came from (the adjoint of
/// [`unroll`]); `dx` is the gradient of image `image` alone.
pub(super) fn fold<T: Element>(g: &Geometry, tile: &[T], image: usize, first_row: usize, dx: &mut [T]) {
    let width = g.s * g.c;
    let origin = image * g.h * g.w * g.c;
    for (i, window) in tile.chunks_exact(g.depth()).enumerate() {
        for (r, from) in window.chunks_exact(width).enumerate() {
            if let Some(o) = overlap(g, first_row + i, r) {
                let to = &mut dx[o.start - origin..o.start - origin + o.inside];
                for (to, &from) in to.iter_mut().zip(&from[o.before..]) {
                    *to += from;
                }
            }
        }
    }
}
