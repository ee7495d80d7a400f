//! `batch_norm.cu` against the CPU.

use super::operands::{Operand, case, demand_agreement};
use crossmax::Result;
use crossmax::device::kernels::batch_norm::{
    BatchNormArgs, EVAL_INPUT_GRADIENT, FORWARD, PARAMETER_GRADIENTS, STATISTICS, TRAIN_INPUT_GRADIENT,
};
use crossmax::device::{Accelerator, LaunchDims};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::unit;
use crossmax::testing::{Case, Operation, Outcome};

const EPSILON: f64 = 1e-5;

/// Forward and all gradients, in training or evaluation.
pub fn host_code(accelerator: &dyn Accelerator, case: &Case) -> Result<Outcome> {
    let [x, weight, bias] = &case.inputs[..] else {
        panic!("{}: expected input, weight and bias", case.name);
    };
    let (shape, channels) = (*x.value.shape(), weight.value.shape().len());
    let put = |values| Operand::put(accelerator, values);
    let empty = |shape| Operand::empty(accelerator, shape);
    let (x, weight, bias) = (put(&x.value)?, put(&weight.value)?, put(&bias.value)?);
    let (training, mean, variance) = match &case.operation {
        Operation::BatchNormTrain { .. } => (true, empty([channels].into())?, empty([channels].into())?),
        Operation::BatchNormEval { mean, variance, .. } => (false, put(mean)?, put(variance)?),
        _ => panic!("{}: no batch normalisation", case.name),
    };
    let (y, dy, dx) = (empty(shape)?, put(&case.cotangent)?, empty(shape)?);
    let (dweight, dbias) = (empty([channels].into())?, empty([channels].into())?);
    let args = BatchNormArgs {
        x: x.address(),
        y: y.address(),
        weight: weight.address(),
        bias: bias.address(),
        mean: mean.address(),
        variance: variance.address(),
        dy: dy.address(),
        dx: dx.address(),
        dweight: dweight.address(),
        dbias: dbias.address(),
        rows: (shape.len() / channels) as u64,
        channels: channels as i32,
        epsilon: EPSILON as f32,
    };
    let for_elements = LaunchDims::for_elements(shape.len());
    let for_channels = LaunchDims::for_channels(channels);
    if training {
        STATISTICS.launch(accelerator, for_channels, &args)?;
    }
    FORWARD.launch(accelerator, for_elements, &args)?;
    PARAMETER_GRADIENTS.launch(accelerator, for_channels, &args)?;
    let input_gradient = if training {
        TRAIN_INPUT_GRADIENT
    } else {
        EVAL_INPUT_GRADIENT
    };
    input_gradient.launch(accelerator, for_elements, &args)?;
    Ok(Outcome {
        value: y.get()?,
        gradients: vec![dx.get()?, dweight.get()?, dbias.get()?],
    })
}

pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for shape in [vec![1, 3, 3, 5], vec![2, 5, 3, 33], vec![7, 70], vec![50, 3]] {
        let channels = *shape.last().unwrap_or(&0);
        let inputs: [(&str, &[usize]); 3] = [("x", &shape), ("weight", &[channels]), ("bias", &[channels])];
        let train = Operation::BatchNormTrain { eps: EPSILON };
        cases.push(case(&format!("batch_norm train of {shape:?}"), train, &inputs)?);
        let eval = Operation::BatchNormEval {
            eps: EPSILON,
            mean: Tensor::from_fn([channels], |i| unit("mean", i) - 0.5),
            variance: Tensor::from_fn([channels], |i| 0.5 + unit("variance", i)),
        };
        cases.push(case(&format!("batch_norm eval of {shape:?}"), eval, &inputs)?);
    }
    Ok(cases)
}

#[test]
fn batch_normalisation_and_its_gradients_agree() -> Result<()> {
    demand_agreement(&cases()?, host_code)
}
