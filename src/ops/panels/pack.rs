//! The right operand in the order in which the products read it.

use super::{LANES, avx512};
use crate::ops::parallel::chunks_if;
use crate::tensor::Buffer;
use std::ops::Range;

/// Elements above which packing is worth sharing among threads.
const SERIAL_ELEMENTS: usize = 1 << 17;

/// A k×n matrix as panels of neighbouring columns, `[panel][k][column of the panel]`; columns beyond n
/// are zero.
pub(crate) struct Panels {
    values: Buffer<f32>,
    depth: usize,
    columns: usize,
    /// Vectors of [`LANES`] columns in a panel: 1 or 2.
    vectors: usize,
}

/// The columns of `y` that a panel makes.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// The first of them.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// Columns of `y`.
    pub columns: usize,
}

impl Window {
    /// All of `columns` columns.
    pub fn whole(columns: usize) -> Self {
        Self {
            first: 0,
            count: columns,
            columns,
        }
    }
}

impl Panels {
    /// The matrix whose row `k` is `row(k)`, of `columns` elements.
    pub fn of_rows<'a>(depth: usize, columns: usize, row: impl Fn(usize) -> &'a [f32] + Sync) -> Self {
        Self::pack(depth, columns, |columns, panel, width| {
            for (k, out) in panel.chunks_exact_mut(width).enumerate() {
                let row = &row(k)[columns.clone()];
                out[..row.len()].copy_from_slice(row);
                out[row.len()..].fill(0.0);
            }
        })
    }

    /// The transpose of `matrix`, columns × depth, row-major.
    pub fn of_columns(matrix: &[f32], columns: usize) -> Self {
        let depth = matrix.len().checked_div(columns).unwrap_or(0);
        Self::pack(depth, columns, |columns, panel, width| {
            let matrix = &matrix[columns.start * depth..columns.end * depth];
            transpose_into(matrix, columns.len(), panel, width);
        })
    }

    /// `fill(columns, panel, width)` writes one panel: `depth` rows of `width` elements, zero beyond the columns.
    pub fn pack(depth: usize, columns: usize, fill: impl Fn(Range<usize>, &mut [f32], usize) + Sync) -> Self {
        let vectors = if columns <= LANES { 1 } else { 2 };
        let width = vectors * LANES;
        let mut values = Buffer::dirty(columns.div_ceil(width) * width * depth);
        let worth_it = values.len() >= SERIAL_ELEMENTS;
        chunks_if(worth_it, &mut values, depth * width, |panel, values| {
            let first = panel * width;
            fill(first..(first + width).min(columns), values, width);
        });
        Self {
            values,
            depth,
            columns,
            vectors,
        }
    }

    /// Rows of the matrix: k.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of the matrix: n.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of a panel.
    pub fn width(&self) -> usize {
        self.vectors * LANES
    }

    pub(super) fn vectors(&self) -> usize {
        self.vectors
    }

    /// Rows of the result that are made at once.
    pub(super) fn tile_rows(&self) -> usize {
        avx512::tile_rows(self.vectors)
    }

    /// How many panels there are.
    pub fn panels(&self) -> usize {
        self.columns.div_ceil(self.width())
    }

    /// The rows `range` of a panel.
    pub fn panel(&self, panel: usize, range: Range<usize>) -> &[f32] {
        let width = self.width();
        let first = panel * self.depth * width;
        &self.values[first + range.start * width..first + range.end * width]
    }

    pub(super) fn window(&self, panel: usize) -> Window {
        let width = self.width();
        let first = panel * width;
        Window {
            first,
            count: width.min(self.columns - first),
            columns: self.columns,
        }
    }
}

/// `panel` (depth × `width`) = the transpose of `matrix` (`columns` × depth); columns beyond are zero.
pub(crate) fn transpose_into(matrix: &[f32], columns: usize, panel: &mut [f32], width: usize) {
    let depth = panel.len() / width;
    if columns < width {
        panel.fill(0.0);
    }
    for first in (0..depth).step_by(LANES) {
        let block = &mut panel[first * width..];
        for column in (0..columns).step_by(LANES) {
            let from = &matrix[column * depth + first..];
            let out = &mut block[column..];
            if first + LANES <= depth && column + LANES <= columns {
                avx512::transpose_block((from, depth), (out, width));
                continue;
            }
            let [across, down] = [columns - column, depth - first].map(|rest| rest.min(LANES));
            for i in 0..across {
                for j in 0..down {
                    out[j * width + i] = from[i * depth + j];
                }
            }
        }
    }
}
