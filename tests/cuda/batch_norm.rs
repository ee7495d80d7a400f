//! `batch_norm.cu` against the CPU.

use super::on_device::{demand_same_as_cpu, open};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::ops::BatchNormMode::{Eval, Train};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::{centred, unit};
use crossmax::testing::{Case, Operation, Place};

const EPSILON: f64 = 1e-5;

pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for shape in [vec![1, 3, 3, 5], vec![2, 5, 3, 33], vec![7, 70], vec![300, 3]] {
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
    demand_same_as_cpu(&cases()?)
}

/// The gradients of input, weight and bias where only those that are `tracked` are wanted.
fn gradients(place: &Place, training: bool, tracked: [bool; 3]) -> Result<Vec<Option<Vec<f32>>>> {
    let tensor =
        |name: &str, shape: &[usize]| place.put::<f32>(&Tensor::from_fn(shape, |i| centred(name, i) + 0.75));
    let shapes: [(&str, &[usize]); 3] = [("x", &[6, 3]), ("weight", &[3]), ("bias", &[3])];
    let mut inputs = Vec::new();
    for ((name, shape), tracked) in shapes.into_iter().zip(tracked) {
        let value = tensor(name, shape)?;
        inputs.push(match tracked {
            true => Var::leaf(value),
            false => Var::constant(value),
        });
    }
    let (mean, variance) = (&tensor("mean", &[3])?, &tensor("variance", &[3])?);
    let mode = match training {
        true => Train,
        false => Eval { mean, variance },
    };
    let (y, _) = inputs[0].batch_norm(&inputs[1], &inputs[2], mode, EPSILON as f32)?;
    let mut gradients = y.backward(Some(tensor("dy", &[6, 3])?))?;
    let taken = inputs
        .iter()
        .map(|input| gradients.take(input).map(|g| g.to_vec()).transpose());
    taken.collect()
}

#[test]
fn only_the_wanted_gradients_come_and_they_agree() -> Result<()> {
    let device = Place::Accelerator(open(1));
    for bits in 1..8 {
        let tracked = [0, 1, 2].map(|input| bits >> input & 1 == 1);
        for training in [true, false] {
            let found = gradients(&device, training, tracked)?;
            let expected = gradients(&Place::Cpu, training, tracked)?;
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.is_some(), expected.is_some(), "{tracked:?}");
                for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                    assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
                }
            }
        }
    }
    Ok(())
}
