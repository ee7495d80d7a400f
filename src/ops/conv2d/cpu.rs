//! Convolution on the CPU: products of cache-sized tiles.

use super::unroll::{fold, unroll};
use super::{Conv2dEpilogue, Geometry};
use crate::Result;
use crate::ops::gemm::{Left, gemm, transpose};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if, wide};
use crate::tensor::{Buffer, Element, Tensor};
use rayon::prelude::*;

/// y = conv(x, w), and the epilogue.
pub(super) fn forward<T: Element>(
    g: &Geometry,
    x: &Tensor<T>,
    w: &Tensor<T>,
    epilogue: Conv2dEpilogue<'_, T>,
) -> Result<Tensor<T>> {
    let x = x.host("conv2d")?;
    let right = transpose(w.host("conv2d")?, g.k, g.depth());
    let bias = epilogue.bias.map(|b| b.host("conv2d")).transpose()?;
    let residual = epilogue.residual.map(|r| r.host("conv2d")).transpose()?;
    let start = bias.map_or(Start::Zero, Start::Bias);
    let mut y = Buffer::dirty(g.rows() * g.k);
    product(g, x, &right, start, &mut y, |first, y| {
        wide(|| finish(y, residual.map(|r| &r[first..first + y.len()]), epilogue.relu));
    });
    Tensor::from_buffer(g.output(), y)
}

/// The end of the epilogue for a tile that is still in the cache: without branches, for vector code.
#[inline(always)]
fn finish<T: Element>(y: &mut [T], residual: Option<&[T]>, relu: bool) {
    let rectified = |y: T| if y <= T::zero() { T::zero() } else { y };
    match (residual, relu) {
        (Some(residual), true) => y
            .iter_mut()
            .zip(residual)
            .for_each(|(y, &r)| *y = rectified(*y + r)),
        (Some(residual), false) => y.iter_mut().zip(residual).for_each(|(y, &r)| *y += r),
        (None, true) => y.iter_mut().for_each(|y| *y = rectified(*y)),
        (None, false) => {}
    }
}

/// What a product is added to.
#[derive(Clone, Copy)]
enum Start<'a, T> {
    Zero,
    /// The same in each row, `[K]`.
    Bias(&'a [T]),
    /// What is there.
    Sum,
}

/// `y` (rows × K) = start + unrolled `x` · `right` (R·S·C × K), tile by tile; each tile then goes through
/// `finish` with its first element's place in `y`.
fn product<T: Element>(
    g: &Geometry,
    x: &[T],
    right: &[T],
    start: Start<'_, T>,
    y: &mut [T],
    finish: impl Fn(usize, &mut [T]) + Sync,
) {
    let adds = !matches!(start, Start::Zero);
    let (depth, tile) = (g.depth(), g.tile_rows());
    chunks_if(g.flops() >= SERIAL_FLOPS, y, tile * g.k, |i, y| {
        let rows = y.len() / g.k;
        if let Start::Bias(bias) = start {
            y.chunks_exact_mut(g.k).for_each(|y| y.copy_from_slice(bias));
        }
        let shape = [rows, g.k, depth];
        if g.is_pointwise() {
            let first = i * tile * depth;
            let left = Left::rows(&x[first..first + rows * depth], depth);
            gemm(shape, left, right, y, adds);
        } else {
            let mut windows = Buffer::dirty(rows * depth);
            unroll(g, x, i * tile, &mut windows);
            gemm(shape, Left::rows(&windows, depth), right, y, adds);
        }
        finish(i * tile * g.k, y);
    });
}

/// Gradient with respect to the input: for stride 1 a convolution of `dy` with flipped weights,
/// else products folded back onto the input, image by image. Added to `sum`, in place where its memory
/// is its own.
pub(super) fn dgrad<T: Element>(
    g: &Geometry,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    sum: Option<Tensor<T>>,
) -> Result<Tensor<T>> {
    let (dy, w) = (dy.host("conv2d")?, w.host("conv2d")?);
    let image = g.h * g.w * g.c;
    let start = if sum.is_some() { Start::Sum } else { Start::Zero };
    let mut gradient = match sum {
        Some(sum) => sum,
        None => Tensor::from_buffer([g.n, g.h, g.w, g.c], Buffer::dirty(g.n * image))?,
    };
    let dx = gradient.make_mut("conv2d")?;
    if let Some(flipped) = g.flipped() {
        product(&flipped, dy, &flip(g, w), start, dx, |_, _| {});
    } else {
        let tile = g.tile_rows();
        let rows = g.p * g.q;
        chunks_if(g.flops() >= SERIAL_FLOPS, dx, image, |n, dx| {
            if matches!(start, Start::Zero) {
                dx.fill(T::zero());
            }
            let mut windows = Buffer::dirty(tile.min(rows) * g.depth());
            for first in (0..rows).step_by(tile) {
                let count = tile.min(rows - first);
                let row = n * rows + first;
                let left = Left::rows(&dy[row * g.k..(row + count) * g.k], g.k);
                let windows = &mut windows[..count * g.depth()];
                gemm([count, g.depth(), g.k], left, w, windows, false);
                wide(|| fold(g, windows, n, row, dx));
            }
        });
    }
    Ok(gradient)
}

/// Weights K,R,S,C as the right operand R,S,K × C with both spatial axes reversed.
fn flip<T: Element>(g: &Geometry, w: &[T]) -> Buffer<T> {
    let mut out = Buffer::dirty(w.len());
    for k in 0..g.k {
        for r in 0..g.r {
            for s in 0..g.s {
                let from = ((k * g.r + r) * g.s + s) * g.c;
                let to = (((g.r - 1 - r) * g.s + (g.s - 1 - s)) * g.k + k) * g.c;
                out[to..to + g.c].copy_from_slice(&w[from..from + g.c]);
            }
        }
    }
    out
}

/// Gradient with respect to the weights: dyᵀ · unrolled x. The rows are cut into a number of
/// parts that depends on the shapes alone; the parts' sums are added in order.
pub(super) fn wgrad<T: Element>(g: &Geometry, dy: &Tensor<T>, x: &Tensor<T>) -> Result<Tensor<T>> {
    const PARTS: usize = 16;
    let (dy, x) = (dy.host("conv2d")?, x.host("conv2d")?);
    let (rows, depth, tile) = (g.rows(), g.depth(), g.tile_rows());
    let tiles = rows.div_ceil(tile);
    let part_rows = tiles.div_ceil(PARTS).max(1) * tile;
    let parts: Vec<Buffer<T>> = (0..rows.div_ceil(part_rows))
        .into_par_iter()
        .map(|part| {
            let mut sum = Buffer::filled(g.k * depth, T::zero());
            let mut windows = Buffer::dirty(if g.is_pointwise() { 0 } else { tile * depth });
            let end = rows.min((part + 1) * part_rows);
            for first in (part * part_rows..end).step_by(tile) {
                let count = tile.min(end - first);
                let left = Left::transposed(&dy[first * g.k..(first + count) * g.k], g.k);
                let right = if g.is_pointwise() {
                    &x[first * depth..(first + count) * depth]
                } else {
                    unroll(g, x, first, &mut windows[..count * depth]);
                    &windows[..count * depth]
                };
                gemm([g.k, depth, count], left, right, &mut sum, true);
            }
            sum
        })
        .collect();
    let mut dw = Buffer::filled(g.k * depth, T::zero());
    for part in &parts {
        for (dw, &part) in dw.iter_mut().zip(part.iter()) {
            *dw += part;
        }
    }
    Tensor::from_buffer([g.k, g.r, g.s, g.c], dw)
}

/// Gradient with respect to the bias: the sum over all pixels.
pub(super) fn bias_gradient<T: Element>(g: &Geometry, dy: &Tensor<T>) -> Result<Tensor<T>> {
    let mut db = Buffer::filled(g.k, T::zero());
    for row in dy.host("conv2d")?.chunks_exact(g.k) {
        for (db, &dy) in db.iter_mut().zip(row) {
            *db += dy;
        }
    }
    Tensor::from_buffer([g.k], db)
}
