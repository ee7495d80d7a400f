//! Cases of operations on pictures: convolution, normalisation, pooling, arithmetic.

use super::assemble;
use crate::Result;
use crate::ops::{AvgPool2d, Conv2d, Precision};
use crate::testing::case::{Case, Tolerance};
use crate::testing::fixtures::{FixtureCase, StoredLayout};
use crate::testing::operation::Operation;
use StoredLayout::{Flattened, Pictures, Pooled, Same};

pub(super) fn conv2d(case: &FixtureCase<'_>) -> Result<Case> {
    let operation = Operation::Conv2d(Conv2d {
        stride: case.config("stride")?,
        padding: case.config("padding")?,
        precision: Precision::F32,
    });
    let mut inputs = vec![("x", Pictures), ("w", Pictures)];
    if case.has("b") {
        inputs.push(("b", Same));
    }
    assemble(case, operation, &inputs, Pictures, Tolerance::USUAL)
}

pub(super) fn batch_norm(case: &FixtureCase<'_>) -> Result<Case> {
    let eps = case.config("eps")?;
    let (mean, variance) = (
        case.tensor("running_mean", Same)?,
        case.tensor("running_var", Same)?,
    );
    let training = case.config("training")?;
    let operation = if training {
        Operation::BatchNormTrain { eps }
    } else {
        Operation::BatchNormEval { eps, mean, variance }
    };
    let layout = if case.name().starts_with("1d") {
        Same
    } else {
        Pictures
    };
    let two_values = case.name().contains("two_");
    let tolerance = if training && two_values {
        // Two values normalise to ±1 whatever they are: the gradient with respect to them is what
        // eps leaves, about eps/variance of the terms that cancel.
        Tolerance {
            double: 1e-10,
            single: 5e-2,
            ..Tolerance::USUAL
        }
    } else {
        Tolerance::USUAL
    };
    let inputs = [("x", layout), ("w", Same), ("b", Same)];
    assemble(case, operation, &inputs, layout, tolerance)
}

pub(super) fn max_pool2d(case: &FixtureCase<'_>) -> Result<Case> {
    let side = |name| {
        let [rows, columns]: [usize; 2] = case.config(name)?;
        if rows == columns {
            Ok(rows)
        } else {
            Err(case.broken(name, "a square window", format!("{rows}×{columns}")))
        }
    };
    let operation = Operation::MaxPool2d {
        kernel: side("kernel")?,
        stride: side("stride")?,
        padding: side("padding")?,
    };
    picture_to_picture(case, operation)
}

pub(super) fn avg_pool2d(case: &FixtureCase<'_>) -> Result<Case> {
    let operation = Operation::AvgPool2d(AvgPool2d {
        kernel: case.config("kernel")?,
        stride: case.config("stride")?,
    });
    picture_to_picture(case, operation)
}

pub(super) fn global_avg_pool(case: &FixtureCase<'_>) -> Result<Case> {
    let operation = Operation::GlobalAvgPool2d;
    assemble(case, operation, &[("x", Pictures)], Pooled, Tolerance::USUAL)
}

pub(super) fn clamp(case: &FixtureCase<'_>) -> Result<Case> {
    let operation = Operation::Clamp {
        low: case.config("low")?,
        high: case.config("high")?,
    };
    picture_to_picture(case, operation)
}

pub(super) fn arithmetic(case: &FixtureCase<'_>) -> Result<Case> {
    let name: String = case.config("operation")?;
    let operation = match name.as_str() {
        "add" => Operation::Add,
        "sub" => Operation::Sub,
        "mul" => Operation::Mul,
        "div" => Operation::Div,
        other => return Err(case.broken("operation", "add, sub, mul or div", other)),
    };
    let kind: String = case.config("b")?;
    let second = match kind.as_str() {
        "same" | "sample" => Pictures,
        "channel" | "scalar" => Same,
        other => return Err(case.broken("b", "same, sample, channel or scalar", other)),
    };
    let inputs = [("a", Pictures), ("b", second)];
    assemble(case, operation, &inputs, Pictures, Tolerance::USUAL)
}

pub(super) fn concat_channels(case: &FixtureCase<'_>) -> Result<Case> {
    let parts: usize = case.config("inputs")?;
    let names: Vec<String> = (0..parts).map(|i| format!("x{i}")).collect();
    let inputs: Vec<_> = names.iter().map(|name| (name.as_str(), Pictures)).collect();
    assemble(case, Operation::Concat, &inputs, Pictures, Tolerance::USUAL)
}

pub(super) fn flatten(case: &FixtureCase<'_>) -> Result<Case> {
    let &[_, h, w, c] = case.tensor("x", Pictures)?.dims() else {
        return Err(case.broken("x", "a picture", "another shape"));
    };
    let output = Flattened([c, h, w]);
    assemble(
        case,
        Operation::Flatten,
        &[("x", Pictures)],
        output,
        Tolerance::USUAL,
    )
}

/// An operation of one input `x` that gives pictures.
pub(super) fn picture_to_picture(case: &FixtureCase<'_>, operation: Operation) -> Result<Case> {
    assemble(case, operation, &[("x", Pictures)], Pictures, Tolerance::USUAL)
}
