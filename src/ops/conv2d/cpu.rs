//! Convolution on the CPU: products of cache-sized tiles.

use super::unroll::{fold, unroll, unroll_range};
use super::{Conv2dEpilogue, Geometry, winograd};
use crate::Result;
use crate::ops::gemm::{Left, gemm, transpose};
use crate::ops::panels::{self, Panels};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if, wide};
use crate::tensor::{Buffer, Element, Tensor};
use std::ops::Range;

/// y = conv(x, w), and the epilogue.
pub(super) fn forward<T: Element>(
    g: &Geometry,
    x: &Tensor<T>,
    w: &Tensor<T>,
    epilogue: Conv2dEpilogue<'_, T>,
) -> Result<Tensor<T>> {
    let x = x.host("conv2d")?;
    let weights = Weights::Forward(w.host("conv2d")?);
    let bias = epilogue.bias.map(|b| b.host("conv2d")).transpose()?;
    let residual = epilogue.residual.map(|r| r.host("conv2d")).transpose()?;
    let start = bias.map_or(Start::Zero, Start::Bias);
    let mut y = Buffer::dirty(g.rows() * g.k);
    convolve(g, x, weights, start, &mut y, |first, y| {
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
pub(super) enum Start<'a, T> {
    Zero,
    /// The same in each row, `[K]`.
    Bias(&'a [T]),
    /// What is there.
    Sum,
}

impl<T: Element> Start<'_, T> {
    /// The same for f32 if that is what it is.
    fn as_f32(&self) -> Option<Start<'_, f32>> {
        Some(match self {
            Self::Zero => Start::Zero,
            Self::Bias(bias) => Start::Bias(panels::as_f32(bias)?),
            Self::Sum => Start::Sum,
        })
    }
}

/// The weights of a convolution of stride 1, or of any as they are.
#[derive(Clone, Copy)]
enum Weights<'a, T> {
    /// K,R,S,C.
    Forward(&'a [T]),
    /// Those of that convolution, of whose input this one makes the gradient.
    Flipped(&'a Geometry, &'a [T]),
}

/// y = start + conv(x, weights), job by job; each job's part then goes through `finish` with its first element's
/// place in `y`.
fn convolve<T: Element>(
    g: &Geometry,
    x: &[T],
    weights: Weights<'_, T>,
    start: Start<'_, T>,
    y: &mut [T],
    finish: impl Fn(usize, &mut [T]) + Sync,
) {
    if by_winograd(g, x, weights, start, y, &finish).is_some() {
        return;
    }
    let right = match weights {
        Weights::Forward(w) => Right::of(g, w),
        Weights::Flipped(of, w) => Right::flipped(of, w),
    };
    product(g, x, &right, start, y, finish);
}

/// The same by Winograd's transforms; nothing is done if they are not for this layer.
fn by_winograd<T: Element>(
    g: &Geometry,
    x: &[T],
    weights: Weights<'_, T>,
    start: Start<'_, T>,
    y: &mut [T],
    finish: &(impl Fn(usize, &mut [T]) + Sync),
) -> Option<()> {
    let size = winograd::Size::of(g)?;
    let (x, start, y) = (panels::as_f32(x)?, start.as_f32()?, panels::as_f32_mut(y)?);
    let filters = match weights {
        Weights::Forward(w) => winograd::Filters::new(g, size, panels::as_f32(w)?),
        Weights::Flipped(_, w) => winograd::Filters::flipped(g, size, panels::as_f32(w)?),
    };
    winograd::forward(g, x, &filters, start, y, |first, y| {
        if let Some(y) = panels::of_f32_mut(y) {
            finish(first, y);
        }
    });
    Some(())
}

/// The right operand of a convolution as a product, as this processor reads it fastest.
enum Right<T> {
    /// R·S·C × K, row-major.
    Plain(Buffer<T>),
    /// The same in panels.
    Panels(Panels),
}

impl<T: Element> Right<T> {
    /// Of weights K,R,S,C.
    fn of(g: &Geometry, w: &[T]) -> Self {
        match panels::as_f32(w) {
            Some(w) if panels::pay(g.k) => Self::Panels(Panels::of_columns(w, g.k)),
            _ => Self::Plain(transpose(w, g.k, g.depth())),
        }
    }

    /// Of weights K,R,S,C for the gradient of the input: R,S,K × C with both spatial axes reversed.
    fn flipped(g: &Geometry, w: &[T]) -> Self {
        let row = |row: usize| {
            let (tap, k) = (row / g.k, row % g.k);
            (k * g.r * g.s + g.r * g.s - 1 - tap) * g.c
        };
        let depth = g.r * g.s * g.k;
        match panels::as_f32(w) {
            Some(w) if panels::pay(g.c) => {
                Self::Panels(Panels::of_rows(depth, g.c, |k| &w[row(k)..row(k) + g.c]))
            }
            _ => {
                let mut out = Buffer::dirty(w.len());
                for (k, out) in out.chunks_exact_mut(g.c).enumerate() {
                    out.copy_from_slice(&w[row(k)..row(k) + g.c]);
                }
                Self::Plain(out)
            }
        }
    }

    /// Of weights K,R,S,C for the gradients of windows: K × R·S·C.
    fn windows(g: &Geometry, w: &[T]) -> Self {
        let depth = g.depth();
        match panels::as_f32(w) {
            Some(w) if panels::pay(depth) => {
                Self::Panels(Panels::of_rows(g.k, depth, |k| &w[k * depth..(k + 1) * depth]))
            }
            _ => Self::Plain(Buffer::copy_of(w)),
        }
    }

    /// Output pixels a job.
    fn job_rows(&self, g: &Geometry) -> usize {
        match self {
            Self::Plain(_) => g.tile_rows(),
            Self::Panels(panels) => panels.rows_per_job(g.rows(), rayon::current_num_threads()),
        }
    }

    /// `y`, the output pixels from `first` on, = unrolled `x` · self, added to what is there if `adds`.
    fn multiply(&self, g: &Geometry, x: &[T], first: usize, y: &mut [T], adds: bool) {
        let (rows, depth) = (y.len() / g.k, g.depth());
        match self {
            Self::Plain(right) if g.is_pointwise() => {
                let left = Left::rows(&x[first * depth..(first + rows) * depth], depth);
                gemm([rows, g.k, depth], left, right, y, adds);
            }
            Self::Plain(right) => {
                let mut windows = Buffer::dirty(rows * depth);
                unroll(g, x, first, &mut windows);
                gemm([rows, g.k, depth], Left::rows(&windows, depth), right, y, adds);
            }
            Self::Panels(right) => {
                // Panels are there for f32 alone.
                let (Some(x), Some(y)) = (panels::as_f32(x), panels::as_f32_mut(y)) else {
                    return;
                };
                if g.is_pointwise() {
                    let gather = |row: usize, range: Range<usize>, out: &mut [f32]| {
                        let row = (first + row) * depth;
                        out.copy_from_slice(&x[row + range.start..row + range.end]);
                    };
                    right.multiply(gather, y, adds);
                } else {
                    let gather = |row, range, out: &mut [f32]| unroll_range(g, x, first + row, range, out);
                    right.multiply(gather, y, adds);
                }
            }
        }
    }
}

/// `y` (rows × K) = start + unrolled `x` · `right` (R·S·C × K), job by job; each job's part then goes
/// through `finish` with its first element's place in `y`.
fn product<T: Element>(
    g: &Geometry,
    x: &[T],
    right: &Right<T>,
    start: Start<'_, T>,
    y: &mut [T],
    finish: impl Fn(usize, &mut [T]) + Sync,
) {
    let adds = !matches!(start, Start::Zero);
    let job = right.job_rows(g);
    chunks_if(g.flops() >= SERIAL_FLOPS, y, job * g.k, |i, y| {
        if let Start::Bias(bias) = start {
            y.chunks_exact_mut(g.k).for_each(|y| y.copy_from_slice(bias));
        }
        right.multiply(g, x, i * job, y, adds);
        finish(i * job * g.k, y);
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
        convolve(&flipped, dy, Weights::Flipped(g, w), start, dx, |_, _| {});
    } else {
        let windows_of = g.windows();
        let right = Right::windows(g, w);
        let tile = right.job_rows(&windows_of).max(g.tile_rows());
        let rows = g.p * g.q;
        chunks_if(g.flops() >= SERIAL_FLOPS, dx, image, |n, dx| {
            if matches!(start, Start::Zero) {
                dx.fill(T::zero());
            }
            let mut windows = Buffer::dirty(tile.min(rows) * g.depth());
            for first in (0..rows).step_by(tile) {
                let count = tile.min(rows - first);
                let row = n * rows + first;
                let windows = &mut windows[..count * g.depth()];
                right.multiply(&windows_of, dy, row, windows, false);
                wide(|| fold(g, windows, n, row, dx));
            }
        });
    }
    Ok(gradient)
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
