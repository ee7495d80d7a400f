//! Reductions on the CPU. Views are (outer, length, inner) around the axis.

use crate::Result;
use crate::tensor::{Buffer, Element, Shape, Tensor};

/// scale · sums along the axis, in index order.
pub(super) fn sum_along<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    (outer, length, inner): (usize, usize, usize),
    shape: Shape,
    scale: T,
) -> Result<Tensor<T>> {
    let values = x.host(op)?;
    let mut out = Buffer::filled(outer * inner, T::zero());
    for (out, x) in out.chunks_mut(inner).zip(values.chunks(length * inner)) {
        for x in x.chunks(inner) {
            out.iter_mut().zip(x).for_each(|(out, &x)| *out += x);
        }
        out.iter_mut().for_each(|out| *out *= scale);
    }
    Tensor::from_buffer(shape, out)
}

/// scale · `dy` repeated along the axis.
pub(super) fn repeat<T: Element>(
    op: &'static str,
    dy: &Tensor<T>,
    shape: Shape,
    (_, length, inner): (usize, usize, usize),
    scale: T,
) -> Result<Tensor<T>> {
    let mut out = Buffer::dirty(shape.len());
    let rows = dy.host(op)?.chunks(inner);
    for (out, dy) in out.chunks_mut(length * inner).zip(rows) {
        for out in out.chunks_mut(inner) {
            out.iter_mut().zip(dy).for_each(|(out, &dy)| *out = scale * dy);
        }
    }
    Tensor::from_buffer(shape, out)
}

/// Index `index` along the axis.
pub(super) fn pick<T: Element>(
    x: &Tensor<T>,
    shape: Shape,
    (_, length, inner): (usize, usize, usize),
    index: usize,
) -> Result<Tensor<T>> {
    let mut out = Buffer::dirty(shape.len());
    let rows = x.host("pick")?.chunks(length * inner);
    for (out, x) in out.chunks_mut(inner.max(1)).zip(rows) {
        out.copy_from_slice(&x[index * inner..(index + 1) * inner]);
    }
    Tensor::from_buffer(shape, out)
}

/// The adjoint of [`pick`]: zeros but at `index`.
pub(super) fn unpick<T: Element>(
    dy: &Tensor<T>,
    shape: Shape,
    (_, length, inner): (usize, usize, usize),
    index: usize,
) -> Result<Tensor<T>> {
    let mut dx = Buffer::filled(shape.len(), T::zero());
    let rows = dy.host("pick")?.chunks(inner.max(1));
    for (dx, dy) in dx.chunks_mut(length * inner).zip(rows) {
        dx[index * inner..(index + 1) * inner].copy_from_slice(dy);
    }
    Tensor::from_buffer(shape, dx)
}

/// Flat index in the input of every value of a top-k.
pub(super) struct Origins(Vec<u32>);

/// The `k` largest values along the axis, and their origins.
pub(super) fn top_k<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    shape: Shape,
    (outer, length, inner): (usize, usize, usize),
    k: usize,
) -> Result<(Tensor<T>, Origins)> {
    let values = x.host(op)?;
    let mut out = Buffer::dirty(outer * k * inner);
    let mut from = vec![0u32; out.len()];
    let mut best: Vec<usize> = Vec::with_capacity(k + 1);
    for o in 0..outer {
        for i in 0..inner {
            let at = |j: usize| (o * length + j) * inner + i;
            best.clear();
            for j in 0..length {
                // Stable insertion: an equal value goes behind those already there. NaN counts
                // as the largest value, so that it cannot hide.
                let place = best.partition_point(|&b| values[b] >= values[at(j)] || values[b].is_nan());
                if place < k {
                    best.insert(place, at(j));
                    best.truncate(k);
                }
            }
            for (j, &b) in best.iter().enumerate() {
                out[(o * k + j) * inner + i] = values[b];
                from[(o * k + j) * inner + i] = b as u32;
            }
        }
    }
    Ok((Tensor::from_buffer(shape, out)?, Origins(from)))
}

/// The gradient of a top-k's input, a tensor of `shape`.
pub(super) fn top_k_gradient<T: Element>(
    op: &'static str,
    dy: &Tensor<T>,
    Origins(from): &Origins,
    shape: Shape,
) -> Result<Tensor<T>> {
    let mut dx = Buffer::filled(shape.len(), T::zero());
    for (&from, &dy) in from.iter().zip(dy.host(op)?) {
        dx[from as usize] += dy;
    }
    Tensor::from_buffer(shape, dx)
}
