//! Convolution on an accelerator: the tiled kernels, and the direct ones where tiles would be empty.

use super::implicit_gemm::{self, is_too_small};
use super::{Conv2dEpilogue, Geometry, OP, warpgroup};
use crate::device::kernels::conv2d::{Conv2dArgs, DGRAD, FORWARD, WGRAD};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use crate::ops::Precision;
use crate::ops::launch::int;
use crate::tensor::{BitMask, Element, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

pub(super) type Device = Arc<dyn Accelerator>;

/// The lengths as a kernel's arguments, without addresses.
///
/// # Errors
/// [`Error::Argument`] if a length is beyond what kernels count with, 2³¹ − 1.
fn arguments(g: &Geometry) -> Result<Conv2dArgs> {
    let length = |length| int(OP, length);
    Ok(Conv2dArgs {
        x: DeviceAddress::NULL,
        w: DeviceAddress::NULL,
        bias: DeviceAddress::NULL,
        y: DeviceAddress::NULL,
        n: length(g.n)?,
        h: length(g.h)?,
        w_in: length(g.w)?,
        c: length(g.c)?,
        k: length(g.k)?,
        r: length(g.r)?,
        s: length(g.s)?,
        p: length(g.p)?,
        q: length(g.q)?,
        stride: [length(g.stride[0])?, length(g.stride[1])?],
        padding: [length(g.padding[0])?, length(g.padding[1])?],
        unused: 0,
    })
}

/// Whether the direct kernels, which are f32, serve; else the tiled ones can, in `precision`.
///
/// # Errors
/// [`Error::Unsupported`] if the device lacks the precision.
fn is_direct(device: &Device, g: &Geometry, precision: Precision) -> Result<bool> {
    if precision.least_capability() > device.compute_capability() {
        let device = format!("{} in {precision:?}", device.name());
        return Err(Error::Unsupported { op: OP, device });
    }
    Ok(is_too_small(g))
}

/// y `[N,P,Q,K]`, and `mask` written where there is one.
pub fn forward<T: Element>(
    device: &Device,
    g: &Geometry,
    precision: Precision,
    x: &Tensor<T>,
    w: &Tensor<T>,
    epilogue: Conv2dEpilogue<'_, T>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let direct = is_direct(device, g, precision)?;
    if !direct && warpgroup::serves(device, g, precision) {
        return warpgroup::forward(device, g, precision, x, w, epilogue, mask);
    }
    if !direct || epilogue.residual.is_some() || epilogue.relu {
        return implicit_gemm::forward(device, g, precision, x, w, epilogue, mask);
    }
    let y = Tensor::dirty_on(device, g.output())?;
    let args = Conv2dArgs {
        x: x.address(),
        w: w.address(),
        bias: epilogue.bias.map_or(DeviceAddress::NULL, Tensor::address),
        y: y.address(),
        ..arguments(g)?
    };
    FORWARD.launch(&**device, LaunchDims::for_elements(y.len()), &args)?;
    Ok(y)
}

/// The gradient of the input, `[N,H,W,C]`, added to `sum` if there is one, with zeros where `mask` has none.
pub fn dgrad<T: Element>(
    device: &Device,
    g: &Geometry,
    precision: Precision,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    sum: Option<&Tensor<T>>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let precision = precision.backward(device.compute_capability());
    if !is_direct(device, g, precision)? {
        if let Some(flipped) = g.flipped()
            && warpgroup::serves(device, &flipped, precision)
        {
            return warpgroup::dgrad(device, &flipped, precision, dy, w, sum, mask);
        }
        return implicit_gemm::dgrad(device, g, precision, dy, w, sum, mask);
    }
    let mut dx = Tensor::dirty_on(device, [g.n, g.h, g.w, g.c])?;
    let args = Conv2dArgs {
        x: dx.address(),
        w: w.address(),
        y: dy.address(),
        ..arguments(g)?
    };
    DGRAD.launch(&**device, LaunchDims::for_elements(dx.len()), &args)?;
    if let Some(sum) = sum {
        dx.accumulate(sum)?;
    }
    match mask {
        Some(mask) => mask.apply(dx),
        None => Ok(dx),
    }
}

/// The gradient of the weights, `[K,R,S,C]`.
pub fn wgrad<T: Element>(
    device: &Device,
    g: &Geometry,
    precision: Precision,
    dy: &Tensor<T>,
    x: &Tensor<T>,
) -> Result<Tensor<T>> {
    let precision = precision.backward(device.compute_capability());
    if !is_direct(device, g, precision)? {
        return implicit_gemm::wgrad(device, g, precision, dy, x);
    }
    let dw = Tensor::dirty_on(device, [g.k, g.r, g.s, g.c])?;
    let args = Conv2dArgs {
        x: x.address(),
        w: dw.address(),
        y: dy.address(),
        ..arguments(g)?
    };
    WGRAD.launch(&**device, LaunchDims::for_elements(dw.len()), &args)?;
    Ok(dw)
}
