//! `conv2d.cu` against the CPU.

use super::operands::{Operand, case, demand_agreement};
use crossmax::Result;
use crossmax::device::kernels::conv2d::{BIAS_GRADIENT, Conv2dArgs, DGRAD, FORWARD, WGRAD};
use crossmax::device::{Accelerator, DeviceAddress, LaunchDims};
use crossmax::ops::{Conv2d, Precision};
use crossmax::testing::{Case, Operation, Outcome};

/// Forward and all gradients of a convolution with bias.
pub fn host_code(accelerator: &dyn Accelerator, case: &Case) -> Result<Outcome> {
    let Operation::Conv2d(options) = case.operation else {
        panic!("{}: no convolution", case.name);
    };
    let [x, w, bias] = &case.inputs[..] else {
        panic!("{}: expected picture, weight and bias", case.name);
    };
    let shapes = [&x.value, &w.value, &case.cotangent].map(|tensor| *tensor.shape());
    let [[n, h, w_in, c], [k, r, s, _], [_, p, q, _]] =
        shapes.map(|shape| [0, 1, 2, 3].map(|axis| shape.axis(axis) as i32));
    let sizes = Conv2dArgs {
        x: DeviceAddress::NULL,
        w: DeviceAddress::NULL,
        bias: DeviceAddress::NULL,
        y: DeviceAddress::NULL,
        n,
        h,
        w_in,
        c,
        k,
        r,
        s,
        p,
        q,
        stride: options.stride.map(|length| length as i32),
        padding: options.padding.map(|length| length as i32),
        unused: 0,
    };

    let put = |values| Operand::put(accelerator, values);
    let empty = |shape| Operand::empty(accelerator, shape);
    let (x, w, bias) = (put(&x.value)?, put(&w.value)?, put(&bias.value)?);
    let y = empty(shapes[2])?;
    let args = Conv2dArgs {
        x: x.address(),
        w: w.address(),
        bias: bias.address(),
        y: y.address(),
        ..sizes
    };
    FORWARD.launch(accelerator, LaunchDims::for_elements(y.len()), &args)?;

    let dy = put(&case.cotangent)?;
    let (dx, dw, dbias) = (empty(shapes[0])?, empty(shapes[1])?, empty([k as usize].into())?);
    let args = Conv2dArgs {
        y: dy.address(),
        ..args
    };
    let x_gradient = Conv2dArgs {
        x: dx.address(),
        ..args
    };
    DGRAD.launch(accelerator, LaunchDims::for_elements(dx.len()), &x_gradient)?;
    let w_gradient = Conv2dArgs {
        w: dw.address(),
        ..args
    };
    WGRAD.launch(accelerator, LaunchDims::for_elements(dw.len()), &w_gradient)?;
    let bias_gradient = Conv2dArgs {
        bias: dbias.address(),
        ..args
    };
    BIAS_GRADIENT.launch(accelerator, LaunchDims::for_channels(dbias.len()), &bias_gradient)?;
    Ok(Outcome {
        value: y.get()?,
        gradients: vec![dx.get()?, dw.get()?, dbias.get()?],
    })
}

/// Odd sizes, one image and several, all windows of a ResNet with both strides, and strides and
/// padding that differ between the axes.
pub fn cases() -> Result<Vec<Case>> {
    let shapes: [([usize; 4], [usize; 3], Conv2d); 8] = [
        ([1, 5, 7, 3], [4, 1, 1], Conv2d::square(1, 0)),
        ([2, 7, 5, 6], [5, 1, 1], Conv2d::square(2, 0)),
        ([1, 6, 9, 5], [3, 3, 3], Conv2d::square(1, 1)),
        ([2, 9, 6, 4], [7, 3, 3], Conv2d::square(2, 1)),
        ([1, 11, 13, 12], [3, 7, 7], Conv2d::square(2, 3)),
        ([1, 9, 8, 2], [2, 7, 7], Conv2d::square(1, 3)),
        ([3, 1, 1, 1], [1, 3, 3], Conv2d::square(1, 1)),
        (
            [2, 6, 8, 3],
            [33, 3, 2],
            Conv2d {
                stride: [1, 2],
                padding: [0, 1],
                precision: Precision::F32,
            },
        ),
    ];
    let case = |&(x, [k, r, s], options): &([usize; 4], [usize; 3], Conv2d)| {
        let name = format!("conv2d of {x:?} with {k} {r}x{s}, {options:?}");
        let inputs: [(&str, &[usize]); 3] = [("x", &x), ("w", &[k, r, s, x[3]]), ("bias", &[k])];
        case(&name, Operation::Conv2d(options), &inputs)
    };
    shapes.iter().map(case).collect()
}

#[test]
fn convolution_and_its_gradients_agree() -> Result<()> {
    demand_agreement(&cases()?, host_code)
}
