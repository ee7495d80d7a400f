//! The convolution itself. The input's gradient is one too, with flipped weights.

use super::super::{Geometry, Start};
use super::Size;
use super::scheme::{Filter, FourByFour, Input, Output, Scheme, TwoByTwo};
use super::squares::{Positions, Sink, Source, both_axes, from_pixels, load, store};
use super::tiles::{Grid, Pixels};
use crate::ops::panels::{LANES, Panels, RowStride, multiply_panel, tile_rows, transpose_into};
use crate::ops::parallel::wide_with;
use crate::ops::parallel::{SERIAL_FLOPS, pieces_if};
use crate::tensor::Buffer;
use pulp::{Simd, WithSimd};

/// Most elements of a job, transformed inputs and products, so that they stay in the L2 cache.
const MOST_ELEMENTS: usize = 180_000;

/// Transformed weights: G·g·Gᵀ of every pair of channels, as panels whose row is position · C + c and whose
/// columns are the output channels.
pub(in super::super) struct Filters {
    panels: Panels,
    size: Size,
}

impl Filters {
    /// Of weights K,R,S,C for the convolution `g`.
    pub fn new(g: &Geometry, size: Size, w: &[f32]) -> Self {
        match size {
            Size::Two => Self::make(g, size, w, TwoByTwo),
            Size::Four => Self::make(g, size, w, FourByFour),
        }
    }

    /// Of weights C,R,S,K of the convolution whose gradient of the input the convolution `g` is.
    pub fn flipped(g: &Geometry, size: Size, w: &[f32]) -> Self {
        match size {
            Size::Two => Self::make_flipped(g, size, w, TwoByTwo),
            Size::Four => Self::make_flipped(g, size, w, FourByFour),
        }
    }

    fn make<const IN: usize, const OUT: usize>(
        g: &Geometry,
        size: Size,
        w: &[f32],
        scheme: impl Scheme<IN, OUT>,
    ) -> Self {
        let (c, depth) = (g.c, IN * IN * g.c);
        let panels = Panels::pack(depth, g.k, |columns, panel, width| {
            let filters = &w[columns.start * 9 * c..columns.end * 9 * c];
            let mut rows = Buffer::dirty(columns.len() * depth);
            for (filter, row) in filters.chunks_exact(9 * c).zip(rows.chunks_exact_mut(depth)) {
                wide_with(TransformFilter {
                    scheme,
                    taps: std::array::from_fn(|tap| &filter[tap * c..(tap + 1) * c]),
                    out: row,
                    stride: c,
                });
            }
            transpose_into(&rows, columns.len(), panel, width);
        });
        Self { panels, size }
    }

    fn make_flipped<const IN: usize, const OUT: usize>(
        g: &Geometry,
        size: Size,
        w: &[f32],
        scheme: impl Scheme<IN, OUT>,
    ) -> Self {
        let k = g.k;
        let panels = Panels::pack(IN * IN * g.c, k, |columns, panel, width| {
            if columns.len() < width {
                panel.fill(0.0);
            }
            for (c, filter) in w.chunks_exact(9 * k).enumerate() {
                let taps = std::array::from_fn(|tap| {
                    let first = (8 - tap) * k;
                    &filter[first + columns.start..first + columns.end]
                });
                wide_with(TransformFilter {
                    scheme,
                    taps,
                    out: &mut panel[c * width..],
                    stride: g.c * width,
                });
            }
        });
        Self { panels, size }
    }
}

/// Transforms the nine taps of filters that lie beside each other; positions go `stride` apart.
struct TransformFilter<'a, W, const IN: usize, const OUT: usize> {
    scheme: W,
    taps: [&'a [f32]; 9],
    out: &'a mut [f32],
    stride: usize,
}

impl<W: Scheme<IN, OUT>, const IN: usize, const OUT: usize> WithSimd for TransformFilter<'_, W, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let count = self.taps[0].len();
        for first in (0..count).step_by(S::F32_LANES) {
            let live = (count - first).min(S::F32_LANES);
            let taps = Taps {
                taps: &self.taps,
                first,
                live,
            };
            let mut out = Positions {
                values: &mut self.out[first..],
                edge: IN,
                stride: self.stride,
                live,
            };
            both_axes(simd, &taps, Filter(self.scheme), &mut out);
        }
    }
}

/// The taps of neighbouring filters.
struct Taps<'a> {
    taps: &'a [&'a [f32]; 9],
    first: usize,
    live: usize,
}

impl Source for Taps<'_> {
    #[inline(always)]
    fn get<S: Simd>(&self, simd: S, i: usize, j: usize) -> S::f32s {
        load(simd, &self.taps[3 * i + j][self.first..], self.live)
    }
}

/// `y` = `start` + the convolution `g` of `x` with `filters`; each job's part then goes through `finish` with its
/// first element's place in `y`.
pub(in super::super) fn forward(
    g: &Geometry,
    x: &[f32],
    filters: &Filters,
    start: Start<'_, f32>,
    y: &mut [f32],
    finish: impl Fn(usize, &mut [f32]) + Sync,
) {
    match filters.size {
        Size::Two => run(g, x, filters, TwoByTwo, start, y, finish),
        Size::Four => run(g, x, filters, FourByFour, start, y, finish),
    }
}

fn run<const IN: usize, const OUT: usize>(
    g: &Geometry,
    x: &[f32],
    filters: &Filters,
    scheme: impl Scheme<IN, OUT>,
    start: Start<'_, f32>,
    y: &mut [f32],
    finish: impl Fn(usize, &mut [f32]) + Sync,
) {
    let Some(stride) = RowStride::of(g.c) else { return };
    let grid = Grid::new(*g, OUT);
    let panels = &filters.panels;
    let (positions, width) = (IN * IN, panels.width());
    let block = tile_rows(width);
    let parallel = g.flops() >= SERIAL_FLOPS;
    let threads = if parallel { rayon::current_num_threads() } else { 1 };
    let most = (MOST_ELEMENTS / (positions * (g.c + LANES + width))).max(block);
    let rows = grid.rows_per_job(block, most, threads);
    let ends = (0..grid.rows()).step_by(rows).map(|row| {
        let end = (row + rows).min(grid.rows());
        grid.first_pixel(end) * g.k
    });
    pieces_if(parallel, y, ends, |job, y| {
        let first_row = job * rows;
        let count = (grid.rows() - first_row).min(rows) * grid.across;
        let padded = count.next_multiple_of(block);
        let mut inputs = Buffer::dirty(positions * padded * stride.elements());
        wide_with(TransformInputs {
            scheme,
            grid: &grid,
            first_row,
            count,
            x,
            out: &mut inputs,
            position_stride: padded * stride.elements(),
            tile_stride: stride.elements(),
        });
        let first_element = grid.first_pixel(first_row) * g.k;
        let mut products = Buffer::dirty(positions * count * width);
        for panel in 0..panels.panels() {
            for (position, products) in products.chunks_exact_mut(count * width).enumerate() {
                let left = &inputs[position * padded * stride.elements()..][..padded * stride.elements()];
                let right = panels.panel(panel, position * g.c..(position + 1) * g.c);
                multiply_panel(left, stride, right, width, products);
            }
            wide_with(TransformOutputs {
                scheme,
                grid: &grid,
                first_row,
                count,
                products: &products,
                width,
                first_channel: panel * width,
                start,
                y,
                first_element,
            });
        }
        finish(first_element, y);
    });
}

/// Transforms the inputs of `count` tiles from tile row `first_row` on.
pub(super) struct TransformInputs<'a, W, const IN: usize, const OUT: usize> {
    pub scheme: W,
    pub grid: &'a Grid,
    pub first_row: usize,
    pub count: usize,
    /// The whole input.
    pub x: &'a [f32],
    /// `[position][tile][channel]`.
    pub out: &'a mut [f32],
    /// Elements from a position to the next.
    pub position_stride: usize,
    /// Elements from a tile to the next; a multiple of [`LANES`] that holds all channels.
    pub tile_stride: usize,
}

impl<W: Scheme<IN, OUT>, const IN: usize, const OUT: usize> WithSimd for TransformInputs<'_, W, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.grid.geometry.c;
        let padded = channels.next_multiple_of(LANES);
        for number in 0..self.count {
            let pixels = self.grid.inputs(self.grid.tile(self.first_row, number), IN);
            for first in (0..padded).step_by(S::F32_LANES) {
                let live = channels.saturating_sub(first).min(S::F32_LANES);
                let offset = first.min(channels);
                let mut out = Positions {
                    values: &mut self.out[number * self.tile_stride + first..],
                    edge: IN,
                    stride: self.position_stride,
                    live: S::F32_LANES,
                };
                from_pixels(
                    simd,
                    (self.x, pixels),
                    (offset, live),
                    Input(self.scheme),
                    &mut out,
                );
            }
        }
    }
}

/// Transforms the products of `count` tiles back, for the columns of one panel.
struct TransformOutputs<'a, W, const IN: usize, const OUT: usize> {
    scheme: W,
    grid: &'a Grid,
    first_row: usize,
    count: usize,
    /// `[position][tile][column]`.
    products: &'a [f32],
    width: usize,
    /// The panel's first output channel.
    first_channel: usize,
    start: Start<'a, f32>,
    /// The job's part of the output.
    y: &'a mut [f32],
    /// The place of that part in the whole.
    first_element: usize,
}

impl<W: Scheme<IN, OUT>, const IN: usize, const OUT: usize> WithSimd for TransformOutputs<'_, W, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let k = self.grid.geometry.k;
        let columns = (k - self.first_channel).min(self.width);
        for number in 0..self.count {
            let pixels = self.grid.outputs(self.grid.tile(self.first_row, number));
            for first in (0..columns).step_by(S::F32_LANES) {
                let products = Positions {
                    values: &self.products[number * self.width + first..],
                    edge: IN,
                    stride: self.count * self.width,
                    live: S::F32_LANES,
                };
                let mut outputs = Outputs {
                    y: &mut *self.y,
                    pixels,
                    first_element: self.first_element,
                    channel: self.first_channel + first,
                    live: (columns - first).min(S::F32_LANES),
                    start: self.start,
                };
                both_axes(simd, &products, Output(self.scheme), &mut outputs);
            }
        }
    }
}

/// Output pixels of a tile, as far as they are in the picture.
struct Outputs<'a> {
    y: &'a mut [f32],
    pixels: Pixels,
    /// The place of `y` in the whole output.
    first_element: usize,
    /// First channel.
    channel: usize,
    live: usize,
    start: Start<'a, f32>,
}

impl Sink for Outputs<'_> {
    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, i: usize, j: usize, value: S::f32s) {
        let Some(place) = self.pixels.place(i, j) else {
            return;
        };
        let y = &mut self.y[place + self.channel - self.first_element..];
        let value = match self.start {
            Start::Zero => value,
            Start::Bias(bias) => simd.add_f32s(load(simd, &bias[self.channel..], self.live), value),
            Start::Sum => simd.add_f32s(load(simd, y, self.live), value),
        };
        store(simd, y, self.live, value);
    }
}
