//! The gradient of the weights: the adjoint of the convolution with respect to its filters.
//!
//! With V = Bᵀ·d·B of the input tiles and D = A·dy·Aᵀ of the output's gradient, the gradient of a transformed
//! filter is Σ over tiles D·V, position by position, and that of the filter Gᵀ·(·)·G of it.

use super::super::Geometry;
use super::Size;
use super::forward::TransformInputs;
use super::scheme::{FilterAdjoint, FourByFour, OutputAdjoint, Scheme, TwoByTwo};
use super::squares::{Positions, both_axes, from_pixels};
use super::tiles::Grid;
use crate::ops::panels::{LANES, add_transposed_product};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if, wide_with};
use crate::tensor::Buffer;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Most transformed elements of a chunk of tiles, both operands together: they stay in the L2 cache. It cuts the sums
/// and so decides their bits, as do the other numbers here.
const MOST_CHUNK: usize = 100_000;

/// Most transformed elements that are held at once where threads share the sums.
const MOST_HELD: usize = 1 << 20;

/// Sums up to which every part of the tiles has its own.
const MOST_SUMS: usize = 36 * 64 * 64;

/// Parts of the tiles, at most.
const PARTS: usize = 16;

/// `dw` (K,3,3,C) = the gradient of the weights for the gradient `dy` of the output.
pub(in super::super) fn weight_gradient(g: &Geometry, size: Size, dy: &[f32], x: &[f32], dw: &mut [f32]) {
    match size {
        Size::Two => Chunks::new(g, TwoByTwo, dy, x).gradient(dw),
        Size::Four => Chunks::new(g, FourByFour, dy, x).gradient(dw),
    }
}

/// The tiles of a batch, cut into chunks of whole rows of tiles by the layer alone.
struct Chunks<'a, W, const IN: usize, const OUT: usize> {
    scheme: W,
    grid: Grid,
    dy: &'a [f32],
    x: &'a [f32],
    /// Input and output channels, in whole vectors.
    c: usize,
    k: usize,
    /// Rows of tiles of a chunk.
    rows: usize,
    parallel: bool,
}

impl<'a, W: Scheme<IN, OUT>, const IN: usize, const OUT: usize> Chunks<'a, W, IN, OUT> {
    const POSITIONS: usize = IN * IN;

    fn new(g: &Geometry, scheme: W, dy: &'a [f32], x: &'a [f32]) -> Self {
        let grid = Grid::new(*g, OUT);
        let (c, k) = (g.c.next_multiple_of(LANES), g.k.next_multiple_of(LANES));
        let rows = MOST_CHUNK / (Self::POSITIONS * (c + k) * grid.across);
        Self {
            scheme,
            grid,
            dy,
            x,
            c,
            k,
            rows: rows.clamp(1, grid.rows().max(1)),
            parallel: g.flops() >= SERIAL_FLOPS,
        }
    }

    /// How many there are.
    fn count(&self) -> usize {
        self.grid.rows().div_ceil(self.rows)
    }

    /// Tiles of chunk `number`.
    fn tiles(&self, number: usize) -> usize {
        (self.grid.rows() - number * self.rows).min(self.rows) * self.grid.across
    }

    /// Tiles of a whole chunk.
    fn most_tiles(&self) -> usize {
        self.rows * self.grid.across
    }

    /// Transformed elements of a whole chunk: inputs and gradients.
    fn elements(&self) -> usize {
        Self::POSITIONS * self.most_tiles() * (self.c + self.k)
    }

    /// Transforms chunk `number` into `held`.
    fn transform(&self, number: usize, held: &mut [f32]) {
        let (inputs, gradients) = held.split_at_mut(Self::POSITIONS * self.most_tiles() * self.c);
        wide_with(TransformInputs {
            scheme: self.scheme,
            grid: &self.grid,
            first_row: number * self.rows,
            count: self.tiles(number),
            x: self.x,
            out: inputs,
            position_stride: self.most_tiles() * self.c,
            tile_stride: self.c,
        });
        wide_with(TransformGradients {
            scheme: self.scheme,
            grid: &self.grid,
            first_row: number * self.rows,
            count: self.tiles(number),
            dy: self.dy,
            out: gradients,
            position_stride: self.most_tiles() * self.k,
            tile_stride: self.k,
        });
    }

    /// Adds the products of chunk `number` at one position to `sums`, K × C.
    fn add(&self, number: usize, held: &[f32], position: usize, sums: &mut [f32]) {
        let (most, count) = (self.most_tiles(), self.tiles(number));
        let (inputs, gradients) = held.split_at(Self::POSITIONS * most * self.c);
        let inputs = &inputs[position * most * self.c..][..count * self.c];
        let gradients = &gradients[position * most * self.k..][..count * self.k];
        add_transposed_product((gradients, self.k), inputs, [self.k, self.c], sums);
    }

    fn gradient(&self, dw: &mut [f32]) {
        let of_position = self.k * self.c;
        let sums = match Self::POSITIONS * of_position <= MOST_SUMS {
            true => self.sums_by_parts(),
            false => self.sums_by_positions(),
        };
        let channels = self.grid.geometry.c;
        chunks_if(self.parallel, dw, 9 * channels, |output, dw| {
            wide_with(TransformSums {
                scheme: self.scheme,
                sums: &sums[output * self.c..],
                position_stride: of_position,
                channels,
                dw,
            });
        });
    }

    /// Σ D·V of all tiles, `[position][K][C]`: each job has a part of the chunks and sums of its own, which are
    /// added up in order.
    fn sums_by_parts(&self) -> Buffer<f32> {
        let of_position = self.k * self.c;
        let each = self.count().div_ceil(PARTS).max(1);
        let part = |part: usize| {
            let mut sums = Buffer::filled(Self::POSITIONS * of_position, 0.0);
            let mut held = Buffer::dirty(self.elements());
            for number in part * each..((part + 1) * each).min(self.count()) {
                self.transform(number, &mut held);
                for (position, sums) in sums.chunks_exact_mut(of_position).enumerate() {
                    self.add(number, &held, position, sums);
                }
            }
            sums
        };
        let parts = 0..self.count().div_ceil(each);
        let parts: Vec<Buffer<f32>> = match self.parallel {
            true => parts.into_par_iter().map(part).collect(),
            false => parts.map(part).collect(),
        };
        let mut parts = parts.into_iter();
        let Some(mut sums) = parts.next() else {
            return Buffer::filled(Self::POSITIONS * of_position, 0.0);
        };
        for part in parts {
            for (sum, &part) in sums.iter_mut().zip(part.iter()) {
                *sum += part;
            }
        }
        sums
    }

    /// The same with one set of sums: some chunks are transformed, then each job has a position.
    fn sums_by_positions(&self) -> Buffer<f32> {
        let of_position = self.k * self.c;
        let mut sums = Buffer::filled(Self::POSITIONS * of_position, 0.0);
        // Enough for the threads that transform them; no influence on the sums.
        let together = (MOST_HELD / self.elements()).max(1).min(self.count());
        let mut held = Buffer::dirty(together * self.elements());
        for first in (0..self.count()).step_by(together.max(1)) {
            let chunks = together.min(self.count() - first);
            let held = &mut held[..chunks * self.elements()];
            chunks_if(self.parallel, held, self.elements(), |i, held| {
                self.transform(first + i, held);
            });
            chunks_if(self.parallel, &mut sums, of_position, |position, sums| {
                for (i, held) in held.chunks_exact(self.elements()).enumerate() {
                    self.add(first + i, held, position, sums);
                }
            });
        }
        sums
    }
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
            let pixels = self.grid.outputs(self.grid.tile(self.first_row, number));
            for first in (0..self.tile_stride).step_by(S::F32_LANES) {
                let offset = first.min(channels);
                let live = channels.saturating_sub(first).min(S::F32_LANES);
                let mut out = Positions {
                    values: &mut self.out[number * self.tile_stride + first..],
                    edge: IN,
                    stride: self.position_stride,
                    live: S::F32_LANES,
                };
                from_pixels(
                    simd,
                    (self.dy, pixels),
                    (offset, live),
                    OutputAdjoint(self.scheme),
                    &mut out,
                );
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
            let sums = Positions {
                values: &self.sums[first..],
                edge: IN,
                stride: self.position_stride,
                live: S::F32_LANES,
            };
            let mut dw = Positions {
                values: &mut self.dw[first..],
                edge: 3,
                stride: self.channels,
                live,
            };
            both_axes(simd, &sums, FilterAdjoint(self.scheme), &mut dw);
        }
    }
}
