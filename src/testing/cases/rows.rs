//! Cases of operations on matrices and vectors: products, reductions, losses.

use super::assemble;
use crate::Result;
use crate::testing::case::{Case, Tolerance};
use crate::testing::compare::Scale;
use crate::testing::fixtures::{FixtureCase, StoredLayout};
use crate::testing::operation::{Operation, Reduction};
use StoredLayout::Same;

pub(super) fn linear(case: &FixtureCase<'_>) -> Result<Case> {
    let mut inputs = vec![("x", Same), ("w", Same)];
    if case.has("b") {
        inputs.push(("b", Same));
    }
    assemble(case, Operation::Linear, &inputs, Same, Tolerance::USUAL)
}

pub(super) fn matmul(case: &FixtureCase<'_>) -> Result<Case> {
    let inputs = [("a", Same), ("b", Same)];
    assemble(case, Operation::MatMul, &inputs, Same, Tolerance::USUAL)
}

pub(super) fn reduction(name: &str, case: &FixtureCase<'_>) -> Result<Case> {
    let axis = case.config("axis")?;
    let operation = match name {
        "sum" => Operation::Sum { axis },
        "mean" => Operation::Mean { axis },
        "max" => Operation::Max { axis },
        _ => Operation::TopK {
            axis,
            k: case.config("k")?,
        },
    };
    of_one_tensor(case, operation)
}

/// Softmax or its logarithm.
pub(super) fn softmax(case: &FixtureCase<'_>, operation: Operation) -> Result<Case> {
    // Inputs in the thousands have themselves been rounded by 1e-4 in f32.
    let single = if case.name() == "huge" {
        1e-4
    } else {
        Tolerance::USUAL.single
    };
    let tolerance = Tolerance {
        single,
        ..Tolerance::USUAL
    };
    assemble(case, operation, &[("x", Same)], Same, tolerance)
}

pub(super) fn cross_entropy(case: &FixtureCase<'_>) -> Result<Case> {
    let reduction: String = case.config("reduction")?;
    let reduction = match reduction.as_str() {
        "none" => Reduction::None,
        "mean" => Reduction::Mean,
        other => return Err(case.broken("reduction", "none or mean", other)),
    };
    let operation = if case.has("labels") {
        Operation::CrossEntropy {
            labels: case.indices("labels")?,
            reduction,
        }
    } else {
        Operation::SoftCrossEntropy {
            targets: case.tensor("probabilities", Same)?,
            reduction,
        }
    };
    of_one_tensor(case, operation)
}

pub(super) fn dlr(case: &FixtureCase<'_>) -> Result<Case> {
    let labels = case.indices("labels")?;
    ratio(case, Operation::Dlr { labels })
}

pub(super) fn targeted_dlr(case: &FixtureCase<'_>) -> Result<Case> {
    let (labels, targets) = (case.indices("labels")?, case.indices("targets")?);
    ratio(case, Operation::DlrTargeted { labels, targets })
}

pub(super) fn crossmax(case: &FixtureCase<'_>) -> Result<Case> {
    let k = case.config("k")?;
    assemble(
        case,
        Operation::CrossMax { k },
        &[("z", Same)],
        Same,
        Tolerance::USUAL,
    )
}

/// An operation of one input `x`, in the stored layout.
fn of_one_tensor(case: &FixtureCase<'_>, operation: Operation) -> Result<Case> {
    assemble(case, operation, &[("x", Same)], Same, Tolerance::USUAL)
}

/// Ratios of differences of logits: equal logits leave 1e-12 in the denominator, so that such a
/// row's numbers are 1e12 times the others'.
fn ratio(case: &FixtureCase<'_>, operation: Operation) -> Result<Case> {
    let tolerance = Tolerance {
        scale: Scale::Row,
        ..Tolerance::USUAL
    };
    assemble(case, operation, &[("z", Same)], Same, tolerance)
}
