//! Matrix products of f32 with AVX-512, for convolutions: left rows are gathered tile by tile, the right
//! operand is packed once into panels of columns.
//!
//! Every element of the result is one chain of fused multiply-adds along k, cut every [`K_CHUNK`] terms,
//! where the sum so far is added: the order of [`super::gemm`]. So both give the same bits, whatever the
//! rows beside a row, and a processor without AVX-512 takes the other path without changing a result.

mod avx512;
mod pack;
#[cfg(test)]
mod tests;

pub(crate) use pack::{Panels, transpose_into};

use super::gemm::{K_CHUNK, Left, gemm};
use crate::tensor::{Buffer, Element};
use avx512::{Layout, Operands};
use pack::Window;
use std::any::TypeId;
use std::ops::Range;

/// Elements of a vector register.
pub(crate) const LANES: usize = 16;

/// Elements from one row of a left operand to the next: what the rows hold and a cache line, so that rows lie
/// in different cache sets. The innermost loops know the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowStride {
    /// For up to 16 elements a row.
    For16,
    For32,
    For64,
    For128,
    For256,
    /// For [`K_CHUNK`].
    For512,
}

impl RowStride {
    /// The smallest for rows of `depth` elements; nothing if there are too many.
    pub fn of(depth: usize) -> Option<Self> {
        use RowStride::*;
        [For16, For32, For64, For128, For256, For512]
            .into_iter()
            .find(|stride| depth + LANES <= stride.elements())
    }

    /// The number.
    pub const fn elements(self) -> usize {
        LANES
            + match self {
                Self::For16 => 16,
                Self::For32 => 32,
                Self::For64 => 64,
                Self::For128 => 128,
                Self::For256 => 256,
                Self::For512 => K_CHUNK,
            }
    }
}

/// Elements from one gathered row to the next.
const ROW_STRIDE: usize = RowStride::For512.elements();

/// Most tiles that are gathered at once: together they stay in the L2 cache while panels pass by.
const MOST_TILES: usize = 4;

/// Rows of the result that [`add_transposed_product`] makes at once.
pub(crate) const COLUMN_ROWS: usize = 8;

/// Whether this processor has what these products need.
pub(crate) fn available() -> bool {
    avx512::available()
}

/// The elements as f32 if that is what they are.
pub(crate) fn as_f32<T: Element>(values: &[T]) -> Option<&[f32]> {
    (TypeId::of::<T>() == TypeId::of::<f32>()).then(|| bytemuck::cast_slice(values))
}

/// The same for writing.
pub(crate) fn as_f32_mut<T: Element>(values: &mut [T]) -> Option<&mut [f32]> {
    (TypeId::of::<T>() == TypeId::of::<f32>()).then(|| bytemuck::cast_slice_mut(values))
}

/// Elements of f32 as `T` if that is what `T` is.
pub(crate) fn of_f32_mut<T: Element>(values: &mut [f32]) -> Option<&mut [T]> {
    (TypeId::of::<T>() == TypeId::of::<f32>()).then(|| bytemuck::cast_slice_mut(values))
}

/// Whether panels pay for a right operand of `columns` columns. Where one vector holds them all, gathering
/// rows takes as long as multiplying them; the choice changes no bits.
pub(crate) fn pay(columns: usize) -> bool {
    columns > LANES && available()
}

impl Panels {
    /// Rows a job should have so that `threads` threads end together; no influence on any result.
    pub fn rows_per_job(&self, rows: usize, threads: usize) -> usize {
        let tiles = rows.div_ceil(self.tile_rows()).max(1);
        let longest = |job: &usize| tiles.div_ceil(*job).div_ceil(threads.max(1)) * job;
        // Of equal ones the largest: it reads the panels least often.
        let job = (1..=MOST_TILES).rev().min_by_key(longest).unwrap_or(1);
        job * self.tile_rows()
    }

    /// `y` (rows × n, row-major) = left · right, or `y` += left · right if `accumulate`.
    /// `gather(row, range, out)` writes the elements `range` of row `row` of the left operand to `out`.
    pub fn multiply(
        &self,
        gather: impl Fn(usize, Range<usize>, &mut [f32]),
        y: &mut [f32],
        accumulate: bool,
    ) {
        if self.columns() == 0 {
            return;
        }
        if self.depth() == 0 && !accumulate {
            y.fill(0.0);
        }
        let tile = self.tile_rows();
        let mut left = Buffer::dirty(MOST_TILES * tile * ROW_STRIDE);
        for (group, y) in y.chunks_mut(MOST_TILES * tile * self.columns()).enumerate() {
            let rows = y.len() / self.columns();
            for start in (0..self.depth()).step_by(K_CHUNK) {
                let range = start..(start + K_CHUNK).min(self.depth());
                for (row, left) in left.chunks_exact_mut(ROW_STRIDE).take(rows).enumerate() {
                    let row = group * MOST_TILES * tile + row;
                    gather(row, range.clone(), &mut left[..range.len()]);
                }
                let adds = accumulate || start > 0;
                for panel in 0..self.panels() {
                    let right = self.panel(panel, range.clone());
                    for (left, y) in left
                        .chunks_exact(tile * ROW_STRIDE)
                        .zip(y.chunks_mut(tile * self.columns()))
                    {
                        let operands = Operands {
                            left,
                            layout: Layout::Rows(RowStride::For512),
                            right,
                            right_stride: self.width(),
                            vectors: self.vectors(),
                            depth: range.len(),
                        };
                        avx512::multiply_tile(operands, y, self.window(panel), adds);
                    }
                }
            }
        }
    }
}

/// Rows of a tile that is `columns` ≤ 2·[`LANES`] wide: whole tiles take least time.
pub(crate) fn tile_rows(columns: usize) -> usize {
    avx512::tile_rows(if columns <= LANES { 1 } else { 2 })
}

/// `y` (rows × `width`) = `left` · `panel`: rows of the left operand lie `stride` apart, the panel has `width`
/// = [`LANES`] or 2·[`LANES`] columns. `left` must hold whole tiles of rows and the panel at most
/// [`K_CHUNK`] rows.
pub(crate) fn multiply_panel(left: &[f32], stride: RowStride, panel: &[f32], width: usize, y: &mut [f32]) {
    let (depth, rows) = (panel.len() / width, y.len() / width);
    if !available() {
        let left = Left {
            values: left,
            row_stride: stride.elements(),
            k_stride: 1,
        };
        return gemm([rows, width, depth], left, panel, y, false);
    }
    let tile = tile_rows(width);
    let window = Window::whole(width);
    for (left, y) in left
        .chunks(tile * stride.elements())
        .zip(y.chunks_mut(tile * width))
    {
        let operands = Operands {
            left,
            layout: Layout::Rows(stride),
            right: panel,
            right_stride: width,
            vectors: width / LANES,
            depth,
        };
        avx512::multiply_tile(operands, y, window, false);
    }
}

/// `sums` (m × n) += `left`ᵀ · `right`, where `left` is depth × m, rows `left_stride` apart, and `right` depth × n,
/// all row-major; m is a multiple of [`COLUMN_ROWS`] and n of [`LANES`].
pub(crate) fn add_transposed_product(
    (left, left_stride): (&[f32], usize),
    right: &[f32],
    [m, n]: [usize; 2],
    sums: &mut [f32],
) {
    let depth = right.len() / n;
    if !available() {
        let left = Left::transposed(left, left_stride);
        return gemm([m, n, depth], left, right, sums, true);
    }
    for (i, sums) in sums.chunks_exact_mut(COLUMN_ROWS * n).enumerate() {
        for first in (0..n).step_by(2 * LANES) {
            let count = (n - first).min(2 * LANES);
            let operands = Operands {
                left: &left[i * COLUMN_ROWS..],
                layout: Layout::Columns(left_stride),
                right: &right[first..],
                right_stride: n,
                vectors: count / LANES,
                depth,
            };
            let window = Window {
                first,
                count,
                columns: n,
            };
            avx512::multiply_tile(operands, sums, window, true);
        }
    }
}
