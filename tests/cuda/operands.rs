//! Cases for operations on a device.

use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use crossmax::testing::{Case, Input, Operation, Outcome, Place, Tolerance};

/// A case with numbers in [-1, 1) as inputs, for the comparison of places: what it expects is not
/// filled in.
pub fn case(name: &str, operation: Operation, inputs: &[(&str, &[usize])]) -> Result<Case> {
    let values = |name: String, shape: &[usize]| Tensor::from_fn(shape, |i| 2.0 * centred(&name, i));
    let inputs: Vec<Input> = inputs
        .iter()
        .map(|&(input, shape)| Input {
            name: input.to_owned(),
            value: values(format!("{name}.{input}"), shape),
        })
        .collect();
    let mut case = Case {
        name: name.to_owned(),
        operation,
        inputs,
        cotangent: Tensor::zeros([1]),
        expected: Outcome {
            value: Tensor::zeros([1]),
            gradients: Vec::new(),
        },
        tolerance: Tolerance::USUAL,
    };
    let inputs = case.inputs.iter().map(|input| Var::constant(input.value.clone()));
    let output = case
        .operation
        .apply::<f64>(&inputs.collect::<Vec<_>>(), &Place::Cpu)?;
    case.cotangent = values(format!("{name}.cotangent"), output.dims());
    Ok(case)
}

/// Several orders of threads and blocks, and layouts of memory.
pub const SEEDS: [u64; 3] = [1, 2, 3];
