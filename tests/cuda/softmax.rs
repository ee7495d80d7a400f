//! `softmax.cu` against the CPU.

use super::on_device::demand_same_as_cpu;
use super::operands::case;
use crossmax::Result;
use crossmax::testing::{Case, Operation};

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
    demand_same_as_cpu(&cases()?)
}
