//! The innermost loops, in the vector instructions themselves: the compiler's own vector code keeps no tile
//! of sums in registers, and a product from a library packs the left side anew at each call.
#![allow(unsafe_code)]

use super::ROW_STRIDE;
use super::pack::Window;

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

/// One tile: `left`, rows [`ROW_STRIDE`] apart, times `right`, a panel of `vectors` vectors a row, into or
/// onto the columns `window` of `y`. `y` may have fewer rows than the tile.
///
/// The slices must hold the matrices and the processor must have AVX-512; both are asserted.
#[cfg(target_arch = "x86_64")]
pub(super) fn multiply_tile(
    vectors: usize,
    left: &[f32],
    right: &[f32],
    y: &mut [f32],
    window: Window,
    adds: bool,
) {
    let depth = right.len() / (vectors * super::LANES);
    let rows = y.len() / window.columns;
    assert!(available() && depth <= ROW_STRIDE && rows <= tile_rows(vectors));
    assert!(left.len() >= tile_rows(vectors) * ROW_STRIDE);
    assert!(window.count <= vectors * super::LANES && window.first + window.count <= window.columns);
    // SAFETY: the processor has the instructions; left rows hold `depth` elements each, the panel holds
    // `depth` rows of whole vectors, and of `y` only rows and columns are touched that it has.
    unsafe {
        if vectors == 1 {
            x86::tile_of_one(left, right, depth, y, rows, window, adds);
        } else {
            x86::tile_of_two(left, right, depth, y, rows, window, adds);
        }
    }
}

/// Never called: [`available`] says no.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn multiply_tile(_: usize, _: &[f32], _: &[f32], _: &mut [f32], _: Window, _: bool) {}

/// One tile of a weight gradient: `sums[o][0..2·LANES]` += Σ over pixels dy`[pixel][o]` · x`[pixel]`, for
/// eight outputs. `dy` begins at the first output of the first pixel, pixels `dy_stride` apart; `starts`
/// are the places in `x` of the pixels' inputs, `None` outside the picture; `count` ≤ 2·LANES inputs.
/// Sums lie `sum_stride` apart.
///
/// The slices must hold all that and the processor must have AVX-512; both are asserted.
#[cfg(target_arch = "x86_64")]
pub(crate) fn add_outer_products(
    dy: (&[f32], usize),
    x: (&[f32], &[Option<usize>]),
    sums: (&mut [f32], usize),
    count: usize,
) {
    use super::{LANES, OUTPUTS};
    let ((dy, dy_stride), (x, starts), (sums, sum_stride)) = (dy, x, sums);
    assert!(available() && count <= 2 * LANES);
    assert!(starts.is_empty() || (starts.len() - 1) * dy_stride + OUTPUTS <= dy.len());
    assert!(starts.iter().flatten().all(|start| start + count <= x.len()));
    assert!((OUTPUTS - 1) * sum_stride + count <= sums.len());
    // SAFETY: the processor has the instructions; the assertions cover every place that is read or written.
    unsafe {
        if count <= LANES {
            x86::outer_products_of_one(dy, dy_stride, x, starts, sums, sum_stride, count);
        } else {
            x86::outer_products_of_two(dy, dy_stride, x, starts, sums, sum_stride, count);
        }
    }
}

/// Never called: [`available`] says no.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn add_outer_products(
    _: (&[f32], usize),
    _: (&[f32], &[Option<usize>]),
    _: (&mut [f32], usize),
    _: usize,
) {
}

/// Transposes a block of [`LANES`](super::LANES)² numbers: `to`'s row i is column i of `from`; rows of each lie a stride apart.
///
/// The slices must hold the blocks and the processor must have AVX-512; both are asserted.
#[cfg(target_arch = "x86_64")]
pub(super) fn transpose_block(from: (&[f32], usize), to: (&mut [f32], usize)) {
    let ends = |stride: usize| (super::LANES - 1) * stride + super::LANES;
    assert!(available() && ends(from.1) <= from.0.len() && ends(to.1) <= to.0.len());
    // SAFETY: the processor has the instructions; the assertion covers all rows.
    unsafe { x86::transpose_block(from.0, from.1, to.0, to.1) }
}

/// Never called: [`available`] says no.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn transpose_block(_: (&[f32], usize), _: (&mut [f32], usize)) {}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{ROW_STRIDE, ROWS_OF_ONE, ROWS_OF_TWO};
    use crate::ops::panels::pack::Window;
    use crate::ops::panels::{LANES, OUTPUTS};
    use std::arch::x86_64::*;

    /// The lanes of vector `vector` that are among the first `count` elements.
    #[inline(always)]
    fn lanes(vector: usize, count: usize) -> __mmask16 {
        let live = count.saturating_sub(vector * LANES).min(LANES);
        ((1u32 << live) - 1) as __mmask16
    }

    /// See [`super::multiply_tile`].
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn tile_of_one(
        left: &[f32],
        right: &[f32],
        depth: usize,
        y: &mut [f32],
        rows: usize,
        window: Window,
        adds: bool,
    ) {
        unsafe { tile::<ROWS_OF_ONE, 1>(left, right, depth, y, rows, window, adds) }
    }

    /// See [`super::multiply_tile`].
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn tile_of_two(
        left: &[f32],
        right: &[f32],
        depth: usize,
        y: &mut [f32],
        rows: usize,
        window: Window,
        adds: bool,
    ) {
        unsafe { tile::<ROWS_OF_TWO, 2>(left, right, depth, y, rows, window, adds) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn tile<const ROWS: usize, const VECTORS: usize>(
        left: &[f32],
        right: &[f32],
        depth: usize,
        y: &mut [f32],
        rows: usize,
        window: Window,
        adds: bool,
    ) {
        let (left, right) = (left.as_ptr(), right.as_ptr());
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
        for k in 0..depth {
            let mut columns = [_mm512_setzero_ps(); VECTORS];
            for (v, column) in columns.iter_mut().enumerate() {
                // SAFETY: the panel holds `depth` rows of VECTORS vectors.
                *column = unsafe { _mm512_loadu_ps(right.add((k * VECTORS + v) * LANES)) };
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: ROWS rows of `depth` ≤ ROW_STRIDE elements.
                let factor = _mm512_set1_ps(unsafe { *left.add(row * ROW_STRIDE + k) });
                for (sum, &column) in sums.iter_mut().zip(&columns) {
                    *sum = _mm512_fmadd_ps(factor, column, *sum);
                }
            }
        }
        // A constant number of rounds keeps the sums in registers.
        for (row, sums) in sums.iter().enumerate() {
            if row >= rows {
                break;
            }
            for (v, &sum) in sums.iter().enumerate() {
                let live = lanes(v, window.count);
                // SAFETY: row < rows, and the live lanes are columns of `y`; others are not touched.
                unsafe {
                    let to = y
                        .as_mut_ptr()
                        .wrapping_add(row * window.columns + window.first + v * LANES);
                    let sum = match adds {
                        true => _mm512_add_ps(_mm512_maskz_loadu_ps(live, to), sum),
                        false => sum,
                    };
                    _mm512_mask_storeu_ps(to, live, sum);
                }
            }
        }
    }

    /// See [`super::add_outer_products`].
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn outer_products_of_one(
        dy: &[f32],
        dy_stride: usize,
        x: &[f32],
        starts: &[Option<usize>],
        sums: &mut [f32],
        sum_stride: usize,
        count: usize,
    ) {
        unsafe { outer_products::<1>(dy, dy_stride, x, starts, sums, sum_stride, count) }
    }

    /// See [`super::add_outer_products`].
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn outer_products_of_two(
        dy: &[f32],
        dy_stride: usize,
        x: &[f32],
        starts: &[Option<usize>],
        sums: &mut [f32],
        sum_stride: usize,
        count: usize,
    ) {
        unsafe { outer_products::<2>(dy, dy_stride, x, starts, sums, sum_stride, count) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn outer_products<const VECTORS: usize>(
        dy: &[f32],
        dy_stride: usize,
        x: &[f32],
        starts: &[Option<usize>],
        sums: &mut [f32],
        sum_stride: usize,
        count: usize,
    ) {
        let mut tile = [[_mm512_setzero_ps(); VECTORS]; OUTPUTS];
        for (pixel, start) in starts.iter().enumerate() {
            // Outside the picture all factors are zero, which changes no sum.
            let Some(start) = start else { continue };
            let mut inputs = [_mm512_setzero_ps(); VECTORS];
            for (v, input) in inputs.iter_mut().enumerate() {
                // SAFETY: the live lanes lie in `x`; others are not touched.
                *input = unsafe {
                    _mm512_maskz_loadu_ps(lanes(v, count), x.as_ptr().wrapping_add(start + v * LANES))
                };
            }
            for (output, sums) in tile.iter_mut().enumerate() {
                // SAFETY: every pixel has OUTPUTS elements of `dy`.
                let factor = _mm512_set1_ps(unsafe { *dy.as_ptr().add(pixel * dy_stride + output) });
                for (sum, &input) in sums.iter_mut().zip(&inputs) {
                    *sum = _mm512_fmadd_ps(factor, input, *sum);
                }
            }
        }
        for (output, tile) in tile.iter().enumerate() {
            for (v, &sum) in tile.iter().enumerate() {
                let live = lanes(v, count);
                // SAFETY: the live lanes of each output lie in `sums`.
                unsafe {
                    let to = sums.as_mut_ptr().wrapping_add(output * sum_stride + v * LANES);
                    let sum = _mm512_add_ps(_mm512_maskz_loadu_ps(live, to), sum);
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
