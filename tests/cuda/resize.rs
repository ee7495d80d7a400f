//! `resize.cu` against the CPU.

use super::operands::{Operand, case, demand_agreement};
use crossmax::Result;
use crossmax::device::kernels::resize::{BICUBIC, BICUBIC_ADJOINT, ResizeArgs};
use crossmax::device::{Accelerator, LaunchDims};
use crossmax::testing::{Case, Operation, Outcome};

/// Forward and gradient of a resize.
pub fn host_code(accelerator: &dyn Accelerator, case: &Case) -> Result<Outcome> {
    let shapes = [&case.inputs[0].value, &case.cotangent].map(|tensor| *tensor.shape());
    let [[n, h, w, c], [_, p, q, _]] = shapes.map(|shape| [0, 1, 2, 3].map(|axis| shape.axis(axis) as i32));
    let x = Operand::put(accelerator, &case.inputs[0].value)?;
    let y = Operand::empty(accelerator, shapes[1])?;
    let args = ResizeArgs {
        x: x.address(),
        y: y.address(),
        n,
        h,
        w,
        c,
        p,
        q,
    };
    BICUBIC.launch(accelerator, LaunchDims::for_elements(y.len()), &args)?;

    let dy = Operand::put(accelerator, &case.cotangent)?;
    let dx = Operand::empty(accelerator, shapes[0])?;
    let args = ResizeArgs {
        x: dx.address(),
        y: dy.address(),
        ..args
    };
    BICUBIC_ADJOINT.launch(accelerator, LaunchDims::for_elements(dx.len()), &args)?;
    Ok(Outcome {
        value: y.get()?,
        gradients: vec![dx.get()?],
    })
}

/// Larger, smaller, both at once, the same, and pictures of one pixel.
pub fn cases() -> Result<Vec<Case>> {
    let sizes: [([usize; 4], [usize; 2]); 6] = [
        ([1, 5, 7, 3], [11, 9]),
        ([2, 9, 8, 3], [4, 3]),
        ([1, 6, 7, 1], [13, 2]),
        ([1, 4, 4, 2], [4, 4]),
        ([2, 1, 1, 3], [3, 5]),
        ([1, 8, 3, 4], [1, 1]),
    ];
    let case = |&(x, [height, width]): &([usize; 4], [usize; 2])| {
        let name = format!("resize of {x:?} to {height}x{width}");
        let operation = Operation::ResizeBicubic { height, width };
        case(&name, operation, &[("x", &x)])
    };
    sizes.iter().map(case).collect()
}

#[test]
fn resizing_and_its_adjoint_agree() -> Result<()> {
    demand_agreement(&cases()?, host_code)
}
