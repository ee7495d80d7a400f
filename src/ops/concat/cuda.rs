//! Concatenation on a device: one copy for every part.

use crate::Result;
use crate::device::Accelerator;
use crate::tensor::launch::{End, copy};
use crate::tensor::{Element, Tensor, Walk};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// `parts` of `rows` rows beside each other, a tensor with axes `dims`.
pub(super) fn concat<T: Element>(
    device: &Device,
    parts: &[&Tensor<T>],
    rows: usize,
    dims: &[usize],
) -> Result<Tensor<T>> {
    let out = Tensor::dirty_on(device, dims)?;
    let width = out.shape().last();
    let mut offset = 0;
    for &part in parts {
        let own = part.shape().last();
        let walk = Walk::along([(rows, [own, width]), (own, [1, 1])]);
        let to = End {
            tensor: &out,
            first: offset,
        };
        copy(
            device,
            &walk,
            part.len(),
            End {
                tensor: part,
                first: 0,
            },
            to,
            T::one(),
        )?;
        offset += own;
    }
    Ok(out)
}

/// The part of `whole` that begins at column `offset`, with axes `dims`.
pub(super) fn part<T: Element>(
    device: &Device,
    whole: &Tensor<T>,
    rows: usize,
    offset: usize,
    dims: &[usize],
) -> Result<Tensor<T>> {
    let part = Tensor::dirty_on(device, dims)?;
    let own = part.shape().last();
    let walk = Walk::along([(rows, [whole.shape().last(), own]), (own, [1, 1])]);
    let from = End {
        tensor: whole,
        first: offset,
    };
    copy(
        device,
        &walk,
        part.len(),
        from,
        End {
            tensor: &part,
            first: 0,
        },
        T::one(),
    )?;
    Ok(part)
}
