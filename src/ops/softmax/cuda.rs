//! Launches of the softmax kernels.

use crate::Result;
use crate::device::kernels::softmax::{
    LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD, SOFTMAX, SOFTMAX_BACKWARD, SoftmaxArgs,
};
use crate::device::{Accelerator, Kernel};
use crate::ops::launch::for_rows;
use crate::tensor::{Element, Tensor};
use bytemuck::Zeroable;
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// Runs `kernel` on the rows of a tensor like `like`; `addresses` fills in what it reads, and the
/// tensor that it writes.
fn launch<T: Element>(
    device: &Device,
    kernel: &Kernel<SoftmaxArgs>,
    like: &Tensor<T>,
    addresses: impl FnOnce(&mut SoftmaxArgs, &Tensor<T>),
) -> Result<Tensor<T>> {
    let out = Tensor::dirty_on(device, *like.shape())?;
    let columns = like.shape().last();
    let rows = like.len() / columns.max(1);
    let mut args = SoftmaxArgs {
        rows: rows as u64,
        columns: columns as u64,
        ..SoftmaxArgs::zeroed()
    };
    addresses(&mut args, &out);
    kernel.launch(&**device, for_rows("softmax", rows)?, &args)?;
    Ok(out)
}

fn forward<T: Element>(device: &Device, kernel: &Kernel<SoftmaxArgs>, x: &Tensor<T>) -> Result<Tensor<T>> {
    launch(device, kernel, x, |args, y| {
        args.x = x.address();
        args.y = y.address();
    })
}

fn backward<T: Element>(
    device: &Device,
    kernel: &Kernel<SoftmaxArgs>,
    dy: &Tensor<T>,
    y: &Tensor<T>,
) -> Result<Tensor<T>> {
    launch(device, kernel, y, |args, dx| {
        args.y = y.address();
        args.dy = dy.address();
        args.dx = dx.address();
    })
}

pub(super) fn softmax<T: Element>(device: &Device, x: &Tensor<T>) -> Result<Tensor<T>> {
    forward(device, &SOFTMAX, x)
}

pub(super) fn softmax_backward<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    y: &Tensor<T>,
) -> Result<Tensor<T>> {
    backward(device, &SOFTMAX_BACKWARD, dy, y)
}

pub(super) fn log_softmax<T: Element>(device: &Device, x: &Tensor<T>) -> Result<Tensor<T>> {
    forward(device, &LOG_SOFTMAX, x)
}

pub(super) fn log_softmax_backward<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    y: &Tensor<T>,
) -> Result<Tensor<T>> {
    backward(device, &LOG_SOFTMAX_BACKWARD, dy, y)
}
