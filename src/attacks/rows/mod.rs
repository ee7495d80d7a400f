//! Rows of the outermost axis, one image each: one number a row, and sums of rows.

mod cpu;
mod cuda;

use crate::tensor::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// Elements of one row, at least 1.
pub(super) fn row_len<T: Element>(tensor: &Tensor<T>) -> usize {
    (tensor.len() / tensor.shape().axis(0).max(1)).max(1)
}

/// The largest absolute value of every row, NaN if one is NaN.
///
/// # Errors
/// Those of the device.
pub(super) fn largest_magnitudes<T: Element>(x: &Tensor<T>) -> Result<Vec<T>> {
    match place("largest_magnitudes", &[x])? {
        Place::Host => cpu::largest(x, None),
        Place::Device(device) => cuda::largest(device, x, None),
    }
}

/// The largest absolute difference of every pair of rows, NaN if one is NaN; the shapes are the same.
///
/// # Errors
/// [`Error::Unsupported`] if the tensors are in different places; those of the device.
pub(super) fn largest_differences<T: Element>(x: &Tensor<T>, y: &Tensor<T>) -> Result<Vec<T>> {
    match place("largest_differences", &[x, y])? {
        Place::Host => cpu::largest(x, Some(y)),
        Place::Device(device) => cuda::largest(device, x, Some(y)),
    }
}

/// Adds the gradients of rows `rows`, one after another, to the sums of the images whose draws they are:
/// row r is a draw of image r / `draws`.
///
/// # Errors
/// [`Error::Shape`] if a row is not as long as an image; [`Error::Argument`] if there are more rows or fewer, or
/// no such image; [`Error::Unsupported`] if the tensors are in different places; those of the device.
pub(super) fn add_draws<T: Element>(
    sums: &mut Tensor<T>,
    gradients: &Tensor<T>,
    rows: Range<usize>,
    draws: usize,
) -> Result<()> {
    const OP: &str = "add_draws";
    if gradients.shape().with_first(1) != sums.shape().with_first(1) {
        return Err(Error::shape(OP, "gradients", sums.shape(), gradients.shape()));
    }
    let (draws, end) = (draws.max(1), sums.shape().axis(0) * draws);
    if gradients.shape().axis(0) != rows.len() || rows.end > end {
        let expected = format!("{} rows within 0..{end}", gradients.shape().axis(0));
        return Err(Error::argument(OP, "rows", expected, format!("{rows:?}")));
    }
    if rows.is_empty() {
        return Ok(());
    }
    match place(OP, &[gradients, sums])? {
        Place::Host => cpu::add_draws(sums, gradients, rows, draws),
        Place::Device(device) => cuda::add_draws(&Arc::clone(device), sums, gradients, rows, draws),
    }
}
