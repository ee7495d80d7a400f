//! Launches of the optimisers' kernels. What is changed in place gets memory of its own first.

use crate::Result;
use crate::device::kernels::optimiser::{ADAM, AdamArgs, SGD, SgdArgs};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use crate::tensor::{Element, Tensor};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// The numbers of a step of SGD; its addresses and number of elements are filled in here.
pub(super) fn sgd<T: Element>(
    device: &Device,
    parameter: &mut Tensor<T>,
    gradient: &Tensor<T>,
    mut velocity: Option<&mut Tensor<T>>,
    numbers: SgdArgs,
) -> Result<()> {
    parameter.make_own()?;
    if let Some(velocity) = &mut velocity {
        velocity.make_own()?;
    }
    let args = SgdArgs {
        parameter: parameter.address(),
        gradient: gradient.address(),
        velocity: velocity.map_or(DeviceAddress::NULL, |velocity| velocity.address()),
        elements: parameter.len() as u64,
        ..numbers
    };
    SGD.launch(&**device, LaunchDims::for_elements(parameter.len()), &args)
}

/// The same for Adam and its two moments.
pub(super) fn adam<T: Element>(
    device: &Device,
    parameter: &mut Tensor<T>,
    gradient: &Tensor<T>,
    [first, second]: [&mut Tensor<T>; 2],
    numbers: AdamArgs,
) -> Result<()> {
    parameter.make_own()?;
    first.make_own()?;
    second.make_own()?;
    let args = AdamArgs {
        parameter: parameter.address(),
        gradient: gradient.address(),
        first: first.address(),
        second: second.address(),
        elements: parameter.len() as u64,
        ..numbers
    };
    ADAM.launch(&**device, LaunchDims::for_elements(parameter.len()), &args)
}
