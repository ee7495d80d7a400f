//! Matrix products on the CPU, tile of rows by tile of rows.

use super::sides;
use crate::Result;
use crate::ops::gemm::{Left, gemm, transpose};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if};
use crate::tensor::{Buffer, Element, Tensor};
use rayon::prelude::*;

/// Rows of the left operand that one task multiplies.
const ROWS: usize = 64;

/// left (m×k) · right (k×n).
fn product<T: Element>(
    [m, n, k]: [usize; 3],
    left: &[T],
    right: &[T],
    accumulate_on: Option<&[T]>,
) -> Buffer<T> {
    let mut out = Buffer::dirty(m * n);
    chunks_if(2 * m * n * k >= SERIAL_FLOPS, &mut out, ROWS * n, |i, out| {
        let rows = out.len() / n.max(1);
        if let Some(bias) = accumulate_on {
            out.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(bias));
        }
        let left = Left::rows(&left[i * ROWS * k..(i * ROWS + rows) * k], k);
        gemm([rows, n, k], left, right, out, accumulate_on.is_some());
    });
    out
}

/// a (m×k) · b (k×n).
pub(super) fn times<T: Element>(op: &'static str, a: &Tensor<T>, b: &Tensor<T>) -> Result<Tensor<T>> {
    let ([m, k], [_, n]) = (sides(a), sides(b));
    let value = product([m, n, k], a.host(op)?, b.host(op)?, None);
    Tensor::from_buffer([m, n], value)
}

/// a (m×k) · bᵀ (b n×k) + bias.
pub(super) fn times_transposed<T: Element>(
    op: &'static str,
    a: &Tensor<T>,
    b: &Tensor<T>,
    bias: Option<&Tensor<T>>,
) -> Result<Tensor<T>> {
    let ([m, k], [n, _]) = (sides(a), sides(b));
    let right = transpose(b.host(op)?, n, k);
    let bias = bias.map(|bias| bias.host(op)).transpose()?;
    Tensor::from_buffer([m, n], product([m, n, k], a.host(op)?, &right, bias))
}

/// aᵀ (a k×m) · b (k×n). The sum over k runs in one order whatever the number of threads: they share
/// out the rows.
pub(super) fn transposed_times<T: Element>(
    op: &'static str,
    a: &Tensor<T>,
    b: &Tensor<T>,
) -> Result<Tensor<T>> {
    let ([k, m], [_, n]) = (sides(a), sides(b));
    let (left, right) = (a.host(op)?, b.host(op)?);
    let mut out = Buffer::dirty(m * n);
    out.par_chunks_mut((ROWS * n).max(1))
        .enumerate()
        .for_each(|(i, out)| {
            let rows = out.len() / n;
            let left = Left {
                values: &left[(i * ROWS).min(left.len())..],
                ..Left::transposed(left, m)
            };
            gemm([rows, n, k], left, right, out, false);
        });
    Tensor::from_buffer([m, n], out)
}

/// The sum over rows.
pub(super) fn column_sums<T: Element>(op: &'static str, x: &Tensor<T>) -> Result<Tensor<T>> {
    let [_, columns] = sides(x);
    let mut sums = Buffer::filled(columns, T::zero());
    for row in x.host(op)?.chunks_exact(columns.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x);
    }
    Tensor::from_buffer([columns], sums)
}
