//! Concatenation on the CPU.

use crate::Result;
use crate::tensor::{Buffer, Element, Tensor};

/// `parts` of `rows` rows beside each other, a tensor with axes `dims`.
pub(super) fn concat<T: Element>(parts: &[&Tensor<T>], rows: usize, dims: &[usize]) -> Result<Tensor<T>> {
    let width: usize = parts.iter().map(|part| part.shape().last()).sum();
    let mut out = Buffer::dirty(rows * width);
    let mut offset = 0;
    for part in parts {
        let (own, from) = (part.shape().last(), part.host("concat")?);
        for row in 0..rows {
            out[row * width + offset..][..own].copy_from_slice(&from[row * own..][..own]);
        }
        offset += own;
    }
    Tensor::from_buffer(dims, out)
}

/// The part of `whole` that begins at column `offset`, with axes `dims`.
pub(super) fn part<T: Element>(
    whole: &Tensor<T>,
    rows: usize,
    offset: usize,
    dims: &[usize],
) -> Result<Tensor<T>> {
    let (width, from) = (whole.shape().last(), whole.host("concat")?);
    let own = dims.last().copied().unwrap_or(1);
    let mut part = Buffer::dirty(rows * own);
    for row in 0..rows {
        part[row * own..][..own].copy_from_slice(&from[row * width + offset..][..own]);
    }
    Tensor::from_buffer(dims, part)
}
