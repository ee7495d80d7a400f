//! Matrix products on the CPU, through the crate `gemm`, in the one form whose bits do not depend
//! on the number of rows.
//!
//! A naive call changes the order of additions with the number of rows in some shapes. With the
//! right operand packed as `[k][n]`, k walked in chunks of at most [`K_CHUNK`], and at least two
//! rows, every row's bits are those it would have in any other batch (`tests/determinism.rs`).
//! Calls are single-threaded: the callers cut their work into pieces that do not depend on the
//! number of threads.
#![allow(unsafe_code)]

use crate::tensor::{Buffer, Element};

/// Most terms of the inner sum that one call of the library walks.
pub(crate) const K_CHUNK: usize = 512;

/// The left operand: element (row, k) is `values[row * row_stride + k * k_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a, T> {
    pub values: &'a [T],
    pub row_stride: usize,
    pub k_stride: usize,
}

impl<'a, T> Left<'a, T> {
    /// A row-major matrix with `k` columns.
    pub fn rows(values: &'a [T], k: usize) -> Self {
        Self {
            values,
            row_stride: k,
            k_stride: 1,
        }
    }

    /// The transpose of a row-major matrix with `rows` columns.
    pub fn transposed(values: &'a [T], rows: usize) -> Self {
        Self {
            values,
            row_stride: 1,
            k_stride: rows,
        }
    }
}

/// C (m×n, row-major) = A·B, or C += A·B if `accumulate`; B is k×n, row-major.
///
/// The slices must hold the matrices; that is asserted, because the library is given pointers.
pub(crate) fn gemm<T: Element>(
    [m, n, k]: [usize; 3],
    a: Left<'_, T>,
    b: &[T],
    c: &mut [T],
    accumulate: bool,
) {
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            c[..m * n].fill(T::zero());
        }
        return;
    }
    let last = (m - 1) * a.row_stride + (k - 1) * a.k_stride;
    assert!(last < a.values.len() && k * n <= b.len() && m * n <= c.len());
    if m == 1 {
        return one_row([n, k], a, b, c, accumulate);
    }
    for first in (0..k).step_by(K_CHUNK) {
        let depth = K_CHUNK.min(k - first);
        let keep = accumulate || first > 0;
        // SAFETY: the assertion above covers every element that the strides reach: rows < m,
        // k-indices < k, columns < n. `c` is borrowed mutably, so it overlaps neither operand.
        unsafe {
            gemm::gemm(
                m,
                n,
                depth,
                c.as_mut_ptr(),
                1,
                n as isize,
                keep,
                a.values.as_ptr().add(first * a.k_stride),
                a.k_stride as isize,
                a.row_stride as isize,
                b.as_ptr().add(first * n),
                1,
                n as isize,
                T::one(),
                T::one(),
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}

/// A single row is computed as one of two equal ones: the library's one-row path adds in another
/// order.
fn one_row<T: Element>([n, k]: [usize; 2], a: Left<'_, T>, b: &[T], c: &mut [T], accumulate: bool) {
    let mut rows = Buffer::dirty(2 * k);
    for i in 0..k {
        let value = a.values[i * a.k_stride];
        rows[i] = value;
        rows[k + i] = value;
    }
    let mut out = Buffer::dirty(2 * n);
    if accumulate {
        out[..n].copy_from_slice(&c[..n]);
        out[n..].copy_from_slice(&c[..n]);
    }
    gemm([2, n, k], Left::rows(&rows, k), b, &mut out, accumulate);
    c[..n].copy_from_slice(&out[..n]);
}

/// The transpose of a row-major rows×columns matrix.
pub(crate) fn transpose<T: Element>(values: &[T], rows: usize, columns: usize) -> Buffer<T> {
    let mut out = Buffer::dirty(rows * columns);
    // Square blocks, so that both sides stay in the cache.
    const BLOCK: usize = 32;
    for r0 in (0..rows).step_by(BLOCK) {
        for c0 in (0..columns).step_by(BLOCK) {
            for r in r0..(r0 + BLOCK).min(rows) {
                for c in c0..(c0 + BLOCK).min(columns) {
                    out[c * rows + r] = values[r * columns + c];
                }
            }
        }
    }
    out
}
