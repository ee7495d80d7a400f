//! `batch_norm.cu` against the CPU.

use super::operands::{case, demand_agreement};
use crossmax::Result;
use crossmax::tensor::Tensor;
use crossmax::testing::formula::unit;
use crossmax::testing::{Case, Operation};

const EPSILON: f64 = 1e-5;

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
    demand_agreement(&cases()?)
}
