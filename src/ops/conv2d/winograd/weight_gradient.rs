//! The gradient of the weights: the adjoint of the convolution with respect to its filters.
//!
//! With V = Bᵀ·d·B of the input tiles and D = A·dy·Aᵀ of the output's gradient, the gradient of a transformed
//! filter is Σ over tiles D·V, position by position, and that of the filter Gᵀ·(·)·G of it.

use super::super::Geometry;
use super::Size;
use super::forward::TransformInputs;
use super::scheme::{
    FilterAdjoint, FourByFour, OutputAdjoint, Scheme, TwoByTwo, both_axes, gather_square, load_square,
    store_square,
};
use super::tiles::Grid;
use crate::ops::panels::{LANES, add_transposed_product};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if, wide_with};
use crate::tensor::Buffer;
use pulp::{Simd, WithSimd};

/// Most transformed elements of a chunk of tiles, both operands together: they stay in the L2 cache. It cuts the sums
/// and so decides their bits.
const MOST_CHUNK: usize = 150_000;

/// Most transformed elements that are held at once.
const MOST_HELD: usize = 1 << 20;

/// `dw` (K,3,3,C) = the gradient of the weights for the gradient `dy` of the output.
pub(in super::super) fn weight_gradient(g: &Geometry, size: Size, dy: &[f32], x: &[f32], dw: &mut [f32]) {
    match size {
        Size::Two => run(g, TwoByTwo, dy, x, dw),
        Size::Four => run(g, FourByFour, dy, x, dw),
    }
}

fn run<const IN: usize, const OUT: usize>(
    g: &Geometry,
    scheme: impl Scheme<IN, OUT>,
    dy: &[f32],
    x: &[f32],
    dw: &mut [f32],
) {
    let grid = Grid::new(*g, OUT);
    let positions = IN * IN;
    let (c, k) = (g.c.next_multiple_of(LANES), g.k.next_multiple_of(LANES));
    let parallel = g.flops() >= SERIAL_FLOPS;
    // By the layer alone.
    let rows = (MOST_CHUNK / (positions * (c + k) * grid.across)).clamp(1, grid.rows().max(1));
    let most = rows * grid.across;
    let chunk = positions * most * (c + k);
    // Chunks that are held together: enough for the threads that transform them.
    let together = (MOST_HELD / chunk).max(1).min(grid.rows().div_ceil(rows));
    let mut held = Buffer::dirty(together * chunk);
    let mut sums = Buffer::filled(positions * k * c, 0.0);
    let tiles = |number: usize| (grid.rows() - number * rows).min(rows) * grid.across;
    for first in (0..grid.rows().div_ceil(rows)).step_by(together) {
        let chunks = together.min(grid.rows().div_ceil(rows) - first);
        chunks_if(parallel, &mut held[..chunks * chunk], chunk, |i, held| {
            let (count, first_row) = (tiles(first + i), (first + i) * rows);
            let (inputs, gradients) = held.split_at_mut(positions * most * c);
            wide_with(TransformInputs {
                scheme,
                grid: &grid,
                first_row,
                count,
                x,
                out: inputs,
                position_stride: most * c,
                tile_stride: c,
            });
            wide_with(TransformGradients {
                scheme,
                grid: &grid,
                first_row,
                count,
                dy,
                out: gradients,
                position_stride: most * k,
                tile_stride: k,
            });
        });
        chunks_if(parallel, &mut sums, k * c, |position, sums| {
            for (i, held) in held.chunks_exact(chunk).take(chunks).enumerate() {
                let count = tiles(first + i);
                let (inputs, gradients) = held.split_at(positions * most * c);
                let inputs = &inputs[position * most * c..][..count * c];
                let gradients = &gradients[position * most * k..][..count * k];
                add_transposed_product((gradients, k), inputs, [k, c], sums);
            }
        });
    }
    chunks_if(parallel, dw, 9 * g.c, |output, dw| {
        wide_with(TransformSums {
            scheme,
            sums: &sums[output * c..],
            position_stride: k * c,
            channels: g.c,
            dw,
        });
    });
}

/// Transforms the gradients of the outputs of `count` tiles from tile row `first_row` on: A·dy·Aᵀ.
struct TransformGradients<'a, W, const IN: usize, const OUT: usize> {
    scheme: W,
    grid: &'a Grid,
    first_row: usize,
    count: usize,
    /// The whole gradient.
    dy: &'a [f32],
    /// `[position][tile][channel]`.
    out: &'a mut [f32],
    position_stride: usize,
    tile_stride: usize,
}

impl<W: Scheme<IN, OUT>, const IN: usize, const OUT: usize> WithSimd for TransformGradients<'_, W, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.grid.geometry.k;
        for number in 0..self.count {
            let outputs = self.grid.outputs(self.grid.tile(self.first_row, number));
            for first in (0..self.tile_stride).step_by(S::F32_LANES) {
                let live = channels.saturating_sub(first).min(S::F32_LANES);
                let offset = first.min(channels);
                let square = gather_square(simd, self.dy, outputs, offset, live);
                let square: [[_; IN]; IN] = both_axes(simd, square, OutputAdjoint(self.scheme));
                let out = &mut self.out[number * self.tile_stride + first..];
                store_square(simd, out, self.position_stride, S::F32_LANES, square);
            }
        }
    }
}

/// Transforms the sums of one output channel back to the gradient of its filter: Gᵀ·u·G.
struct TransformSums<'a, W, const IN: usize, const OUT: usize> {
    scheme: W,
    /// `[position][…][channel]`, from this output channel on.
    sums: &'a [f32],
    position_stride: usize,
    channels: usize,
    /// 3,3,C.
    dw: &'a mut [f32],
}

impl<W: Scheme<IN, OUT>, const IN: usize, const OUT: usize> WithSimd for TransformSums<'_, W, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for first in (0..self.channels).step_by(S::F32_LANES) {
            let live = (self.channels - first).min(S::F32_LANES);
            let square: [[_; IN]; IN] = load_square(simd, &self.sums[first..], self.position_stride);
            let square = both_axes(simd, square, FilterAdjoint(self.scheme));
            store_square(simd, &mut self.dw[first..], self.channels, live, square);
        }
    }
}
