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

/// How many values of every pair of rows differ; the shapes are the same.
///
/// # Errors
/// [`Error::Device`] if a copy fails.
pub(super) fn count_differences<T: Element>(x: &Tensor<T>, y: &Tensor<T>) -> Result<Vec<usize>> {
    const OP: &str = "count_differences";
    let (x, y) = (x.to_host()?, y.to_host()?);
    let image = row_len(&x);
    let rows = x
        .host(OP)?
        .chunks_exact(image)
        .zip(y.host(OP)?.chunks_exact(image));
    Ok(rows
        .map(|(x, y)| x.iter().zip(y).filter(|(x, y)| x != y).count())
        .collect())
}

/// The numbers in f64.
pub(super) fn in_f64<T: Element>(row: &[T]) -> Vec<f64> {
    row.iter().map(|value| value.as_f64()).collect()
}

/// `f(row, x, others)` for every row of `x`, in f64 on the host, as long as the row; the result is where `x` is. The `others` have
/// the shape of `x`.
///
/// # Errors
/// [`Error::Device`] if a copy fails.
pub(super) fn map_rows<T: Element>(
    x: &Tensor<T>,
    others: &[&Tensor<T>],
    mut f: impl FnMut(usize, &[f64], &[Vec<f64>]) -> Vec<f64>,
) -> Result<Tensor<T>> {
    const OP: &str = "map_rows";
    let image = row_len(x);
    let here: Vec<Tensor<T>> = others
        .iter()
        .map(|other| other.to_host())
        .collect::<Result<_>>()?;
    let mut rows_of_others: Vec<_> = Vec::with_capacity(here.len());
    for other in &here {
        rows_of_others.push(other.host(OP)?.chunks_exact(image));
    }
    let mut out = x.to_host()?;
    for (row, values) in out.make_mut(OP)?.chunks_exact_mut(image).enumerate() {
        let beside: Vec<Vec<f64>> = rows_of_others
            .iter_mut()
            .map(|rows| rows.next().map(in_f64).unwrap_or_default())
            .collect();
        let made = f(row, &in_f64(values), &beside);
        for (value, made) in values.iter_mut().zip(made) {
            *value = T::of(made);
        }
    }
    out.beside(x)
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
