//! `cross_entropy.cu` and `dlr.cu` against the CPU.

use super::on_device::{demand_same_as_cpu, open};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::tensor::Tensor;
use crossmax::testing::formula::unit;
use crossmax::testing::{Case, Operation, Reduction};

/// Fewer and more classes than lanes, rows that do not fill a block.
const SHAPES: [[usize; 2]; 4] = [[1, 4], [3, 7], [5, 32], [9, 100]];

/// A class for every row.
fn classes([rows, classes]: [usize; 2], first: usize) -> Vec<usize> {
    (0..rows).map(|row| (first + 3 * row) % classes).collect()
}

pub fn cross_entropy_cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for shape in SHAPES {
        let hard = Operation::CrossEntropy {
            labels: classes(shape, 1),
            reduction: Reduction::None,
        };
        cases.push(case(
            &format!("cross_entropy of {shape:?}"),
            hard,
            &[("z", &shape)],
        )?);
        let soft = Operation::SoftCrossEntropy {
            targets: Tensor::from_fn(shape, |i| unit("targets", i)),
            reduction: Reduction::None,
        };
        cases.push(case(
            &format!("soft_cross_entropy of {shape:?}"),
            soft,
            &[("z", &shape)],
        )?);
    }
    Ok(cases)
}

pub fn dlr_cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for shape in SHAPES {
        let labels = classes(shape, 1);
        let untargeted = Operation::Dlr {
            labels: labels.clone(),
        };
        cases.push(case(&format!("dlr of {shape:?}"), untargeted, &[("z", &shape)])?);
        let targets = classes(shape, 2);
        let targeted = Operation::DlrTargeted { labels, targets };
        cases.push(case(
            &format!("dlr_targeted of {shape:?}"),
            targeted,
            &[("z", &shape)],
        )?);
    }
    let three = Operation::Dlr { labels: vec![2, 0] };
    cases.push(case("dlr of three classes", three, &[("z", &[2, 3])])?);
    Ok(cases)
}

#[test]
fn cross_entropy_and_its_gradient_agree() -> Result<()> {
    demand_same_as_cpu(&cross_entropy_cases()?)
}

#[test]
fn ratio_losses_and_their_gradients_agree() -> Result<()> {
    demand_same_as_cpu(&dlr_cases()?)
}

#[test]
fn of_equal_logits_the_lower_class_ranks_higher() -> Result<()> {
    let accelerator = open(1);
    // Runs of equal logits before, among and behind the leading ones.
    let rows: [[f32; 6]; 4] = [
        [1.0, 2.0, 2.0, 0.0, 2.0, 1.0],
        [3.0, 3.0, 3.0, 3.0, 3.0, 3.5],
        [0.0, 1.0, 1.0, 5.0, 5.0, 1.0],
        [2.0, 1.0, 4.0, 2.0, 4.0, 2.0],
    ];
    let z = Tensor::from_slice([4, 6], rows.as_flattened())?;
    let gradient = |z: Tensor<f32>, seed: Tensor<f32>| -> Result<Vec<f32>> {
        let z = Var::leaf(z);
        let loss = z.dlr(&[1, 5, 3, 0])?;
        loss.backward(Some(seed))?.take(&z).expect("a gradient").to_vec()
    };
    let seed = Tensor::full([4], 1.0);
    let found = gradient(z.to_device(&accelerator)?, seed.to_device(&accelerator)?)?;
    assert_eq!(found, gradient(z, seed)?);
    Ok(())
}
