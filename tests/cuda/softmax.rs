//! `softmax.cu` against the CPU.

use super::operands::{Operand, case, demand_agreement};
use crossmax::Result;
use crossmax::device::kernels::softmax::{
    LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD, SOFTMAX, SOFTMAX_BACKWARD, SoftmaxArgs,
};
use crossmax::device::{Accelerator, LaunchDims};
use crossmax::testing::{Case, Operation, Outcome};

/// Forward and gradient of a softmax or log-softmax.
pub fn host_code(accelerator: &dyn Accelerator, case: &Case) -> Result<Outcome> {
    let shape = *case.cotangent.shape();
    let x = Operand::put(accelerator, &case.inputs[0].value)?;
    let dy = Operand::put(accelerator, &case.cotangent)?;
    let (y, dx) = (
        Operand::empty(accelerator, shape)?,
        Operand::empty(accelerator, shape)?,
    );
    let args = SoftmaxArgs {
        x: x.address(),
        y: y.address(),
        dy: dy.address(),
        dx: dx.address(),
        rows: shape.axis(0) as u64,
        columns: shape.axis(1) as u64,
    };
    let (forward, backward) = match case.operation {
        Operation::Softmax => (SOFTMAX, SOFTMAX_BACKWARD),
        Operation::LogSoftmax => (LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD),
        _ => panic!("{}: no softmax", case.name),
    };
    let dims = LaunchDims::for_rows(shape.axis(0));
    forward.launch(accelerator, dims, &args)?;
    backward.launch(accelerator, dims, &args)?;
    Ok(Outcome {
        value: y.get()?,
        gradients: vec![dx.get()?],
    })
}

/// Fewer and more columns than lanes, rows that do not fill a block.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for shape in [[1, 1], [3, 7], [5, 32], [9, 100]] {
        let case = |name: &str, operation| case(&format!("{name} of {shape:?}"), operation, &[("x", &shape)]);
        cases.push(case("softmax", Operation::Softmax)?);
        cases.push(case("log_softmax", Operation::LogSoftmax)?);
    }
    Ok(cases)
}

#[test]
fn softmax_and_its_gradient_agree() -> Result<()> {
    demand_agreement(&cases()?, host_code)
}
