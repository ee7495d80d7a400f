//! Numbers and sums of rows on the host.

use super::row_len;
use crate::Result;
use crate::tensor::{Element, Tensor};
use std::ops::Range;

/// The larger of two numbers that are not negative; NaN if either is.
fn larger<T: Element>(a: T, b: T) -> T {
    if a.is_nan() || a >= b { a } else { b }
}

/// The largest |x − y| of every row; of `x` alone without `y`.
pub(super) fn largest<T: Element>(x: &Tensor<T>, y: Option<&Tensor<T>>) -> Result<Vec<T>> {
    const OP: &str = "largest";
    let row = row_len(x);
    let rows = x.host(OP)?.chunks_exact(row);
    Ok(match y {
        None => rows
            .map(|x| x.iter().fold(T::zero(), |most, x| larger(most, x.abs())))
            .collect(),
        Some(y) => rows
            .zip(y.host(OP)?.chunks_exact(row))
            .map(|(x, y)| {
                let differences = x.iter().zip(y).map(|(&x, &y)| (x - y).abs());
                differences.fold(T::zero(), larger)
            })
            .collect(),
    })
}

/// As [`super::add_draws`], which has checked the arguments.
pub(super) fn add_draws<T: Element>(
    sums: &mut Tensor<T>,
    gradients: &Tensor<T>,
    rows: Range<usize>,
    draws: usize,
) -> Result<()> {
    let row = row_len(gradients);
    let sums = sums.make_mut("add_draws")?;
    for (number, gradient) in rows.zip(gradients.host("add_draws")?.chunks_exact(row)) {
        let sum = &mut sums[number / draws * row..][..row];
        sum.iter_mut().zip(gradient).for_each(|(sum, &g)| *sum += g);
    }
    Ok(())
}
