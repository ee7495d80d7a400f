//! Reductions along one axis: sum, mean, max, top-k, and picking one index.
//!
//! Sums run in index order. Among equal values max and top-k take the lowest index first.

mod cpu;
pub(super) mod cuda;
mod pick;
mod select;
mod sum;
#[cfg(test)]
mod tests;

use crate::tensor::Shape;
use crate::{Error, Result};

/// The view (outer, length, inner) of `shape` around `axis`, which must exist and not be empty.
fn around(op: &'static str, shape: &Shape, axis: usize) -> Result<(usize, usize, usize)> {
    if axis >= shape.rank() || shape.axis(axis) == 0 {
        let expected = format!("a non-empty axis of {shape}");
        return Err(Error::argument(op, "axis", expected, axis));
    }
    Ok(match shape.around(axis) {
        // Nothing inside: then there is nothing at all, and loops over pieces need a length.
        (_, length, 0) => (0, length, 1),
        view => view,
    })
}

/// `shape` with `axis` replaced by an axis of length `length`, or removed.
fn replaced(shape: &Shape, axis: usize, length: Option<usize>) -> Shape {
    let mut dims = shape.dims().to_vec();
    match length {
        Some(length) => dims[axis] = length,
        None => {
            dims.remove(axis);
        }
    }
    Shape::new(&dims)
}
