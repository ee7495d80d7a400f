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

pub(crate) use avx512::add_outer_products;
pub(crate) use pack::Panels;

use super::gemm::K_CHUNK;
use crate::tensor::{Buffer, Element};
use std::any::TypeId;
use std::ops::Range;

/// Elements of a vector register.
pub(crate) const LANES: usize = 16;

/// Elements from one gathered row to the next: a chunk and a cache line, so that rows lie in different
/// cache sets.
const ROW_STRIDE: usize = K_CHUNK + LANES;

/// Most tiles that are gathered at once: together they stay in the L2 cache while panels pass by.
const MOST_TILES: usize = 4;

/// Output channels of a weight gradient that [`add_outer_products`] makes at once.
pub(crate) const OUTPUTS: usize = 8;

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
                        avx512::multiply_tile(self.vectors(), left, right, y, self.window(panel), adds);
                    }
                }
            }
        }
    }
}
