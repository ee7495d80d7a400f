//! The circular shift on the CPU.

use crate::Result;
use crate::tensor::{Buffer, Element, Tensor};

/// Every image moved by its shift: rows down in 0..h, columns right in 0..w.
pub(super) fn rolled<T: Element>(
    x: &Tensor<T>,
    [h, w, c]: [usize; 3],
    shifts: &[[usize; 2]],
) -> Result<Tensor<T>> {
    let values = x.host("roll")?;
    let mut out = Buffer::dirty(values.len());
    for (image, &[down, right]) in shifts.iter().enumerate() {
        for row in 0..h {
            let from = &values[(image * h + row) * w * c..][..w * c];
            let to = &mut out[(image * h + (row + down) % h) * w * c..][..w * c];
            to[right * c..].copy_from_slice(&from[..(w - right) * c]);
            to[..right * c].copy_from_slice(&from[(w - right) * c..]);
        }
    }
    Tensor::from_buffer(*x.shape(), out)
}
