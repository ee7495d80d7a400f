//! Resizing on the CPU: image by image, one axis after the other.

use super::{OP, Sizes, Taps};
use crate::Result;
use crate::ops::parallel::{chunks, wide};
use crate::tensor::{Buffer, Element, Tensor};

/// The resampling along rows and along columns.
fn taps<T: Element>(sizes: &Sizes) -> [Taps<T>; 2] {
    [0, 1].map(|axis| Taps::new(sizes.from[axis], sizes.to[axis]))
}

/// The resized pictures.
pub(super) fn forward<T: Element>(sizes: &Sizes, x: &Tensor<T>) -> Result<Tensor<T>> {
    let ([h, w], [height, width], c) = (sizes.from, sizes.to, sizes.channels);
    let [rows, columns] = taps::<T>(sizes);
    let values = x.host(OP)?;
    let mut out = Buffer::dirty(sizes.images * height * width * c);
    chunks(&mut out, height * width * c, |i, out| {
        let mut between = Buffer::dirty(height * w * c);
        wide(|| {
            rows.apply(&values[i * h * w * c..][..h * w * c], w * c, &mut between);
            for (out, row) in out.chunks_mut(width * c).zip(between.chunks(w * c)) {
                columns.apply(row, c, out);
            }
        });
    });
    Tensor::from_buffer(sizes.pictures(sizes.to), out)
}

/// The adjoint: from the gradient of the resized pictures to that of the input.
pub(super) fn adjoint<T: Element>(sizes: &Sizes, dy: &Tensor<T>) -> Result<Tensor<T>> {
    let ([h, w], [height, width], c) = (sizes.from, sizes.to, sizes.channels);
    let [rows, columns] = taps::<T>(sizes);
    let dy = dy.host(OP)?;
    let mut dx = Buffer::dirty(sizes.images * h * w * c);
    chunks(&mut dx, h * w * c, |i, dx| {
        let mut between = Buffer::dirty(height * w * c);
        wide(|| {
            let dy = dy[i * height * width * c..][..height * width * c].chunks(width * c);
            for (row, dy) in between.chunks_mut(w * c).zip(dy) {
                columns.apply_adjoint(dy, c, row);
            }
            rows.apply_adjoint(&between, w * c, dx);
        });
    });
    Tensor::from_buffer(sizes.pictures(sizes.from), dx)
}
