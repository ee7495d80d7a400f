//! Broadcasting: axes are matched from the innermost; an axis of length 1, or a missing one, is
//! repeated.

use super::cuda;
use crate::ops::place::{Place, place};
use crate::tensor::{Buffer, Element, MAX_RANK, Shape, Tensor};
use crate::{Error, Result};

/// The shape that both operands are expanded to.
pub(super) fn common_shape(op: &'static str, a: &Shape, b: &Shape) -> Result<Shape> {
    let rank = a.rank().max(b.rank());
    let mut dims = [1; MAX_RANK];
    for (i, dim) in dims[..rank].iter_mut().enumerate() {
        let (x, y) = (padded(a, rank, i), padded(b, rank, i));
        *dim = match (x, y) {
            _ if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return Err(Error::shape(op, "other", format!("broadcastable with {a}"), b)),
        };
    }
    Ok(Shape::new(&dims[..rank]))
}

/// Axis `i` of `shape` after axes of length 1 were put before it to make `rank` axes.
pub(super) fn padded(shape: &Shape, rank: usize, i: usize) -> usize {
    let missing = rank - shape.rank();
    if i < missing { 1 } else { shape.axis(i - missing) }
}

/// Calls `f(i, j)` for every flat index i of `full` with the index j of the element of `small`
/// that is repeated there.
fn for_each_pair(small: &Shape, full: &Shape, mut f: impl FnMut(usize, usize)) {
    let rank = full.rank();
    let mut strides = [0; MAX_RANK];
    let mut stride = 1;
    for axis in (0..rank).rev() {
        let length = padded(small, rank, axis);
        strides[axis] = if length == 1 { 0 } else { stride };
        stride *= length;
    }
    let mut index = [0; MAX_RANK];
    let mut j = 0;
    for i in 0..full.len() {
        f(i, j);
        for axis in (0..rank).rev() {
            index[axis] += 1;
            j += strides[axis];
            if index[axis] < full.axis(axis) {
                break;
            }
            j -= strides[axis] * full.axis(axis);
            index[axis] = 0;
        }
    }
}

/// `x` in host memory repeated to `shape`; shares the memory if it has that shape already.
pub(super) fn expand<T: Element>(op: &'static str, x: &Tensor<T>, shape: &Shape) -> Result<Tensor<T>> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let values = x.host(op)?;
    let mut out = Buffer::dirty(shape.len());
    if shape.dims().ends_with(x.dims()) && !values.is_empty() {
        // Channels against pixels, the usual case: whole rows are repeated.
        out.chunks_exact_mut(values.len())
            .for_each(|row| row.copy_from_slice(values));
    } else {
        for_each_pair(x.shape(), shape, |i, j| out[i] = values[j]);
    }
    Tensor::from_buffer(*shape, out)
}

/// The adjoint of [`expand`]: sums over the repeated axes, in index order.
pub(super) fn reduce<T: Element>(op: &'static str, dy: Tensor<T>, shape: &Shape) -> Result<Tensor<T>> {
    if dy.shape() == shape {
        return Ok(dy);
    }
    if let Place::Device(device) = place(op, &[&dy])? {
        return cuda::reduce(device, &dy, shape);
    }
    let values = dy.host(op)?;
    let mut out = Buffer::filled(shape.len(), T::zero());
    for_each_pair(shape, dy.shape(), |i, j| out[j] += values[i]);
    Tensor::from_buffer(*shape, out)
}
