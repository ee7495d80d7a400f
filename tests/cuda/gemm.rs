//! `gemm.cu` against the CPU.

use super::on_device::{demand_same_as_cpu, open};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use crossmax::testing::{Case, Operation};

/// One row, sizes below, at and beyond a tile, and sums that are cut into parts.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for [m, n, k] in [
        [1, 1, 1],
        [1, 5, 33],
        [3, 70, 17],
        [65, 66, 16],
        [64, 3, 40],
        [2, 3, 2100],
    ] {
        let linear: [(&str, &[usize]); 3] = [("x", &[m, k]), ("weight", &[n, k]), ("bias", &[n])];
        let name = format!("linear [{m}, {k}] to {n}");
        cases.push(case(&name, Operation::Linear, &linear)?);
        let matmul: [(&str, &[usize]); 2] = [("a", &[m, k]), ("b", &[k, n])];
        let name = format!("matmul [{m}, {k}] by [{k}, {n}]");
        cases.push(case(&name, Operation::MatMul, &matmul)?);
    }
    // The gradient of the weights sums over more rows than one part has.
    let tall: [(&str, &[usize]); 2] = [("x", &[1030, 2]), ("weight", &[3, 2])];
    cases.push(case("linear without bias", Operation::Linear, &tall)?);
    Ok(cases)
}

#[test]
fn products_and_their_gradients_agree() -> Result<()> {
    demand_same_as_cpu(&cases()?)
}

#[test]
fn a_row_does_not_depend_on_the_other_rows() -> Result<()> {
    let accelerator = open(1);
    let values = |name: &str, shape: [usize; 2]| {
        Tensor::from_fn(shape, |i| centred(name, i) as f32).to_device(&accelerator)
    };
    for k in [50, 1500] {
        let weight = Var::constant(values("weight", [5, k])?);
        let product = |rows| -> Result<Vec<f32>> {
            let x = Var::constant(values("x", [rows, k])?);
            x.linear(&weight, None)?.value().to_vec()
        };
        let (one, many) = (product(1)?, product(67)?);
        assert_eq!(one, many[..5]);
    }
    Ok(())
}
