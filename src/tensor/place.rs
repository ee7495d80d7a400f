//! Where an operation runs: where its operands are.

use crate::device::Accelerator;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

/// Where the operands of one operation are.
pub(crate) enum Place<'a> {
    /// In host memory.
    Host,
    /// All on this accelerator, as f32.
    Device(&'a Arc<dyn Accelerator>),
}

/// Where `operands` are; they must be in one place.
///
/// # Errors
/// [`Error::Unsupported`] if some are on a device and others not, or if they are on a device and not f32.
pub(crate) fn place<'a, T: Element>(op: &'static str, operands: &[&'a Tensor<T>]) -> Result<Place<'a>> {
    let Some(accelerator) = operands.iter().find_map(|tensor| tensor.accelerator()) else {
        return Ok(Place::Host);
    };
    let together = |tensor: &&Tensor<T>| {
        let other = tensor.accelerator();
        other.is_some_and(|other| Arc::ptr_eq(other, accelerator))
    };
    if T::NAME != f32::NAME || !operands.iter().all(together) {
        let what = match T::NAME == f32::NAME {
            true => "operands in different places",
            false => "numbers other than f32",
        };
        return Err(Error::Unsupported {
            op,
            device: format!("{} for {what}", accelerator.name()),
        });
    }
    Ok(Place::Device(accelerator))
}
