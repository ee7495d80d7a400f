//! Launches of the ratio loss kernels.

use crate::autograd::Var;
use crate::device::kernels::dlr::{BACKWARD, DlrArgs, FORWARD, LEADING};
use crate::device::{Accelerator, DeviceAddress, DeviceAllocation, LaunchDims};
use crate::ops::cross_entropy::cuda::classes_on;
use crate::ops::launch::int;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use bytemuck::Zeroable;
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// What both passes read.
struct Operands<T: Element> {
    z: Tensor<T>,
    labels: DeviceAllocation,
    /// Nothing for the untargeted loss.
    targets: Option<DeviceAllocation>,
    /// Written by the forward pass.
    leading: DeviceAllocation,
}

impl<T: Element> Operands<T> {
    fn arguments(&self, op: &'static str) -> Result<DlrArgs> {
        let targets = self.targets.as_ref();
        Ok(DlrArgs {
            z: self.z.address(),
            labels: self.labels.address(),
            targets: targets.map_or(DeviceAddress::NULL, DeviceAllocation::address),
            leading: self.leading.address(),
            rows: self.z.shape().axis(0) as u64,
            classes: int(op, self.z.shape().axis(1))?,
            ..DlrArgs::zeroed()
        })
    }
}

/// The loss of every row towards its target, or without targets towards any other class.
pub(super) fn ratio<T: Element>(
    device: &Device,
    op: &'static str,
    logits: &Var<T>,
    labels: &[usize],
    targets: Option<&[usize]>,
) -> Result<Var<T>> {
    let rows = logits.shape().axis(0);
    let targets = targets.map(|targets| classes_on(device, op, targets));
    let operands = Operands {
        z: logits.value().clone(),
        labels: classes_on(device, op, labels)?,
        targets: targets.transpose()?,
        leading: device.allocate(rows * LEADING * size_of::<u32>())?,
    };
    let loss = Tensor::dirty_on(device, [rows])?;
    let args = DlrArgs {
        loss: loss.address(),
        ..operands.arguments(op)?
    };
    FORWARD.launch(&**device, LaunchDims::for_elements(rows), &args)?;
    Ok(Var::from_op(op, &[logits], loss, || {
        move |dloss: Tensor<T>, _| Ok(vec![Some(backward(op, &operands, &dloss)?)])
    }))
}

fn backward<T: Element>(op: &'static str, operands: &Operands<T>, dloss: &Tensor<T>) -> Result<Tensor<T>> {
    let Place::Device(device) = place(op, &[&operands.z, dloss])? else {
        return Err(Error::argument(op, "dy", "on a device", "on the host"));
    };
    let dz = Tensor::dirty_on(device, *operands.z.shape())?;
    let args = DlrArgs {
        dloss: dloss.address(),
        dz: dz.address(),
        ..operands.arguments(op)?
    };
    BACKWARD.launch(&**device, LaunchDims::for_elements(dz.len()), &args)?;
    Ok(dz)
}
