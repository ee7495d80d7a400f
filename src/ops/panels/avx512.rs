//! The innermost loops, in the vector instructions themselves: the compiler's own vector code keeps no tile
//! of sums in registers, and a product from a library packs the left side anew at each call.
#![allow(unsafe_code)]

use super::pack::Window;
use super::{COLUMN_ROWS, RowStride};

/// Rows of a tile of two vectors a row: 28 sums, 2 right vectors and one left factor fill 31 of 32 registers.
const ROWS_OF_TWO: usize = 14;
/// Rows of a tile of one vector a row.
const ROWS_OF_ONE: usize = 28;

/// Rows of a tile of `vectors` vectors a row.
pub(super) fn tile_rows(vectors: usize) -> usize {
    if vectors == 1 { ROWS_OF_ONE } else { ROWS_OF_TWO }
}

/// Whether this processor has AVX-512.
#[cfg(target_arch = "x86_64")]
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f")
}

/// No other architecture has AVX-512.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn available() -> bool {
    false
}

/// How the left operand of a tile lies in memory.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// Row by row, a number of elements apart that the loops know.
    Rows(RowStride),
    /// Column by column, that many elements apart; rows are neighbours.
    Columns(usize),
}

/// A tile of y = left · right: both operands and where they lie.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub left: &'a [f32],
    pub layout: Layout,
    /// `depth` rows of `vectors` vectors.
    pub right: &'a [f32],
    /// Elements from one row of `right` to the next.
    pub right_stride: usize,
    pub vectors: usize,
    pub depth: usize,
}

/// One tile into or onto the columns `window` of `y`. `y` may have fewer rows than the tile.
///
/// The slices must hold the matrices and the processor must have AVX-512; both are asserted.
#[cfg(target_arch = "x86_64")]
pub(super) fn multiply_tile(operands: Operands<'_>, y: &mut [f32], window: Window, adds: bool) {
    let Operands {
        left,
        layout,
        right,
        right_stride,
        vectors,
        depth,
    } = operands;
    let rows = y.len() / window.columns;
    let width = vectors * super::LANES;
    let (tile, left_end) = match layout {
        Layout::Rows(stride) => (
            tile_rows(vectors),
            (tile_rows(vectors) - 1) * stride.elements() + depth,
        ),
        Layout::Columns(stride) => (COLUMN_ROWS, depth.saturating_sub(1) * stride + COLUMN_ROWS),
    };
    assert!(available() && depth > 0 && rows <= tile && left_end <= left.len());
    assert!((depth - 1) * right_stride + width <= right.len());
    assert!(window.count <= width && window.first + window.count <= window.columns);
    let (left, right) = (
        (left.as_ptr(), layout.column_stride()),
        (right.as_ptr(), right_stride),
    );
    let y = x86::Target {
        values: y,
        rows,
        window,
        adds,
    };
    // SAFETY: the processor has the instructions; the left operand holds all rows of the tile, the right
    // one `depth` rows of whole vectors, and of `y` only rows and columns are touched that it has.
    unsafe {
        match (layout, vectors) {
            (Layout::Rows(RowStride::For16), 1) => x86::rows_of_16_by_one(left, right, depth, y),
            (Layout::Rows(RowStride::For16), _) => x86::rows_of_16_by_two(left, right, depth, y),
            (Layout::Rows(RowStride::For32), 1) => x86::rows_of_32_by_one(left, right, depth, y),
            (Layout::Rows(RowStride::For32), _) => x86::rows_of_32_by_two(left, right, depth, y),
            (Layout::Rows(RowStride::For64), 1) => x86::rows_of_64_by_one(left, right, depth, y),
            (Layout::Rows(RowStride::For64), _) => x86::rows_of_64_by_two(left, right, depth, y),
            (Layout::Rows(RowStride::For128), 1) => x86::rows_of_128_by_one(left, right, depth, y),
            (Layout::Rows(RowStride::For128), _) => x86::rows_of_128_by_two(left, right, depth, y),
            (Layout::Rows(RowStride::For256), 1) => x86::rows_of_256_by_one(left, right, depth, y),
            (Layout::Rows(RowStride::For256), _) => x86::rows_of_256_by_two(left, right, depth, y),
            (Layout::Rows(RowStride::For512), 1) => x86::rows_of_512_by_one(left, right, depth, y),
            (Layout::Rows(RowStride::For512), _) => x86::rows_of_512_by_two(left, right, depth, y),
            (Layout::Columns(_), 1) => x86::columns_by_one(left, right, depth, y),
            (Layout::Columns(_), _) => x86::columns_by_two(left, right, depth, y),
        }
    }
}

impl Layout {
    /// Elements from one column to the next.
    #[cfg(target_arch = "x86_64")]
    fn column_stride(self) -> usize {
        match self {
            Self::Rows(_) => 1,
            Self::Columns(stride) => stride,
        }
    }
}

/// Never called: [`available`] says no.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn multiply_tile(_: Operands<'_>, _: &mut [f32], _: Window, _: bool) {}

/// Transposes a block of [`LANES`](super::LANES)² numbers: `to`'s row i is column i of `from`; rows of each lie a stride apart.
///
/// The slices must hold the blocks; that is asserted.
pub(super) fn transpose_block(from: (&[f32], usize), to: (&mut [f32], usize)) {
    let ends = |stride: usize| (super::LANES - 1) * stride + super::LANES;
    assert!(ends(from.1) <= from.0.len() && ends(to.1) <= to.0.len());
    #[cfg(target_arch = "x86_64")]
    if available() {
        // SAFETY: the processor has the instructions; the assertion covers all rows.
        return unsafe { x86::transpose_block(from.0, from.1, to.0, to.1) };
    }
    for i in 0..super::LANES {
        for j in 0..super::LANES {
            to.0[j * to.1 + i] = from.0[i * from.1 + j];
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::RowStride;
    use super::{COLUMN_ROWS, ROWS_OF_ONE, ROWS_OF_TWO};
    use crate::ops::panels::LANES;
    use crate::ops::panels::pack::Window;
    use std::arch::x86_64::*;

    /// The lanes of vector `vector` that are among the first `count` elements.
    #[inline(always)]
    fn lanes(vector: usize, count: usize) -> __mmask16 {
        let live = count.saturating_sub(vector * LANES).min(LANES);
        ((1u32 << live) - 1) as __mmask16
    }

    /// Where a tile goes.
    pub(super) struct Target<'a> {
        pub values: &'a mut [f32],
        /// Rows that `values` has, at most the tile's.
        pub rows: usize,
        pub window: Window,
        pub adds: bool,
    }

    /// A pointer to a matrix and elements from one step along k to the next.
    type Matrix = (*const f32, usize);

    /// Declares the kernels: name, rows of the tile, vectors of a row, elements from row to row of the left side.
    macro_rules! tiles {
        ($($name:ident: $rows:expr, $vectors:expr, $stride:expr;)*) => {$(
            /// See [`super::multiply_tile`].
            #[target_feature(enable = "avx512f")]
            pub(super) unsafe fn $name(left: Matrix, right: Matrix, depth: usize, y: Target<'_>) {
                unsafe { tile::<{ $rows }, { $vectors }, { $stride }>(left, right, depth, y) }
            }
        )*};
    }

    tiles! {
        rows_of_16_by_one: ROWS_OF_ONE, 1, RowStride::For16.elements();
        rows_of_16_by_two: ROWS_OF_TWO, 2, RowStride::For16.elements();
        rows_of_32_by_one: ROWS_OF_ONE, 1, RowStride::For32.elements();
        rows_of_32_by_two: ROWS_OF_TWO, 2, RowStride::For32.elements();
        rows_of_64_by_one: ROWS_OF_ONE, 1, RowStride::For64.elements();
        rows_of_64_by_two: ROWS_OF_TWO, 2, RowStride::For64.elements();
        rows_of_128_by_one: ROWS_OF_ONE, 1, RowStride::For128.elements();
        rows_of_128_by_two: ROWS_OF_TWO, 2, RowStride::For128.elements();
        rows_of_256_by_one: ROWS_OF_ONE, 1, RowStride::For256.elements();
        rows_of_256_by_two: ROWS_OF_TWO, 2, RowStride::For256.elements();
        rows_of_512_by_one: ROWS_OF_ONE, 1, RowStride::For512.elements();
        rows_of_512_by_two: ROWS_OF_TWO, 2, RowStride::For512.elements();
        columns_by_one: COLUMN_ROWS, 1, 1;
        columns_by_two: COLUMN_ROWS, 2, 1;
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn tile<const ROWS: usize, const VECTORS: usize, const STRIDE: usize>(
        (mut left, column): Matrix,
        (mut right, row): Matrix,
        depth: usize,
        y: Target<'_>,
    ) {
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
        for _ in 0..depth {
            let mut columns = [_mm512_setzero_ps(); VECTORS];
            for (v, column) in columns.iter_mut().enumerate() {
                // SAFETY: the right side holds `depth` rows of VECTORS vectors.
                *column = unsafe { _mm512_loadu_ps(right.add(v * LANES)) };
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: the left side holds ROWS rows of `depth` elements.
                let factor = _mm512_set1_ps(unsafe { *left.add(row * STRIDE) });
                for (sum, &column) in sums.iter_mut().zip(&columns) {
                    *sum = _mm512_fmadd_ps(factor, column, *sum);
                }
            }
            // Beyond the end after the last round, where nothing is read.
            left = left.wrapping_add(column);
            right = right.wrapping_add(row);
        }
        // A constant number of rounds keeps the sums in registers.
        for (row, sums) in sums.iter().enumerate() {
            if row >= y.rows {
                break;
            }
            for (v, &sum) in sums.iter().enumerate() {
                let live = lanes(v, y.window.count);
                let place = row * y.window.columns + y.window.first + v * LANES;
                // SAFETY: row < rows, and the live lanes are columns of `y`; others are not touched.
                unsafe {
                    let to = y.values.as_mut_ptr().wrapping_add(place);
                    let sum = match y.adds {
                        true => _mm512_add_ps(_mm512_maskz_loadu_ps(live, to), sum),
                        false => sum,
                    };
                    _mm512_mask_storeu_ps(to, live, sum);
                }
            }
        }
    }

    /// See [`super::transpose_block`].
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn transpose_block(from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
        // A vector has four quarters of four lanes. First 4×4 blocks inside the quarters, then the quarters.
        let mut rows = [_mm512_setzero_ps(); LANES];
        for (i, row) in rows.iter_mut().enumerate() {
            // SAFETY: LANES rows of LANES elements.
            *row = unsafe { _mm512_loadu_ps(from.as_ptr().add(i * from_stride)) };
        }
        for four in rows.chunks_exact_mut(4) {
            let low = |a, b| _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
            let high = |a, b| _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
            let (a, b) = (low(four[0], four[1]), low(four[2], four[3]));
            let (c, d) = (high(four[0], four[1]), high(four[2], four[3]));
            four[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            four[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
            four[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d));
            four[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
        }
        for j in 0..4 {
            const EVEN: i32 = 0x88;
            const ODD: i32 = 0xdd;
            let a = _mm512_shuffle_f32x4::<EVEN>(rows[j], rows[4 + j]);
            let b = _mm512_shuffle_f32x4::<ODD>(rows[j], rows[4 + j]);
            let c = _mm512_shuffle_f32x4::<EVEN>(rows[8 + j], rows[12 + j]);
            let d = _mm512_shuffle_f32x4::<ODD>(rows[8 + j], rows[12 + j]);
            let columns = [
                _mm512_shuffle_f32x4::<EVEN>(a, c),
                _mm512_shuffle_f32x4::<EVEN>(b, d),
                _mm512_shuffle_f32x4::<ODD>(a, c),
                _mm512_shuffle_f32x4::<ODD>(b, d),
            ];
            for (quarter, column) in columns.into_iter().enumerate() {
                // SAFETY: row 4·quarter + j < LANES.
                unsafe {
                    _mm512_storeu_ps(to.as_mut_ptr().add((4 * quarter + j) * to_stride), column);
                }
            }
        }
    }
}
