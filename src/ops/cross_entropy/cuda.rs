//! Launches of the cross-entropy kernels.

use crate::autograd::Var;
use crate::device::kernels::cross_entropy::{
    BACKWARD, CrossEntropyArgs, FORWARD, SOFT_BACKWARD, SOFT_FORWARD,
};
use crate::device::{Accelerator, DeviceAllocation, Kernel};
use crate::ops::launch::for_rows;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use bytemuck::Zeroable;
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// Classes as u32 in a device's memory.
///
/// # Errors
/// [`Error::Argument`] if one is 2³² or more; [`Error::Device`] if the device has no room.
pub(crate) fn classes_on(device: &Device, op: &'static str, classes: &[usize]) -> Result<DeviceAllocation> {
    let narrow = |&class: &usize| {
        let expected = || format!("at most {} on a device", u32::MAX);
        u32::try_from(class).map_err(|_| Error::argument(op, "class", expected(), class))
    };
    let classes: Vec<u32> = classes.iter().map(narrow).collect::<Result<_>>()?;
    let memory = device.allocate(size_of_val(classes.as_slice()))?;
    device.copy_to_device(bytemuck::cast_slice(&classes), &memory)?;
    Ok(memory)
}

/// The logits' address and lengths.
fn arguments<T: Element>(z: &Tensor<T>) -> CrossEntropyArgs {
    CrossEntropyArgs {
        z: z.address(),
        rows: z.shape().axis(0) as u64,
        columns: z.shape().axis(1) as u64,
        ..CrossEntropyArgs::zeroed()
    }
}

fn forward<T: Element>(
    device: &Device,
    kernel: &Kernel<CrossEntropyArgs>,
    z: &Tensor<T>,
    args: CrossEntropyArgs,
) -> Result<Tensor<T>> {
    let rows = z.shape().axis(0);
    let loss = Tensor::dirty_on(device, [rows])?;
    let args = CrossEntropyArgs {
        loss: loss.address(),
        ..args
    };
    kernel.launch(&**device, for_rows("cross_entropy", rows)?, &args)?;
    Ok(loss)
}

fn backward<T: Element>(
    kernel: &Kernel<CrossEntropyArgs>,
    z: &Tensor<T>,
    dloss: &Tensor<T>,
    args: CrossEntropyArgs,
) -> Result<Vec<Option<Tensor<T>>>> {
    let Place::Device(device) = place("cross_entropy", &[z, dloss])? else {
        return Err(Error::argument(
            "cross_entropy",
            "dy",
            "on a device",
            "on the host",
        ));
    };
    let dz = Tensor::dirty_on(device, *z.shape())?;
    let args = CrossEntropyArgs {
        dloss: dloss.address(),
        dz: dz.address(),
        ..args
    };
    let dims = for_rows("cross_entropy", z.shape().axis(0))?;
    kernel.launch(&**device, dims, &args)?;
    Ok(vec![Some(dz)])
}

/// With one checked label an image.
pub(super) fn hard<T: Element>(device: &Device, z: &Var<T>, labels: &[usize]) -> Result<Var<T>> {
    let labels = classes_on(device, "cross_entropy", labels)?;
    let value = z.value().clone();
    let with_labels = move |z: &Tensor<T>| CrossEntropyArgs {
        labels: labels.address(),
        ..arguments(z)
    };
    let loss = forward(device, &FORWARD, &value, with_labels(&value))?;
    Ok(Var::from_op("cross_entropy", &[z], loss, || {
        move |dy: Tensor<T>, _| backward(&BACKWARD, &value, &dy, with_labels(&value))
    }))
}

/// With target probabilities of the logits' shape.
pub(super) fn soft<T: Element>(device: &Device, z: &Var<T>, targets: &Tensor<T>) -> Result<Var<T>> {
    if z.shape().axis(1) == 0 {
        let expected = "at least one class on a device";
        return Err(Error::shape("soft_cross_entropy", "self", expected, z.shape()));
    }
    let value = z.value().clone();
    let targets = targets.clone();
    let with_targets = move |z: &Tensor<T>| CrossEntropyArgs {
        targets: targets.address(),
        ..arguments(z)
    };
    let loss = forward(device, &SOFT_FORWARD, &value, with_targets(&value))?;
    Ok(Var::from_op("soft_cross_entropy", &[z], loss, || {
        move |dy: Tensor<T>, _| backward(&SOFT_BACKWARD, &value, &dy, with_targets(&value))
    }))
}
