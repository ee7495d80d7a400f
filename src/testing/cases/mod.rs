//! Cases from the stored reference values.

mod pictures;
mod rows;
mod views;

use super::case::{Case, Input, Outcome, Tolerance};
use super::fixtures::{FixtureCase, FixtureFile, StoredLayout};
use super::operation::Operation;
use crate::{Error, Result};

/// Every case of a file. The files of optimisers and of whole networks are not about operations
/// and have tests of their own.
///
/// # Errors
/// [`Error::Argument`] if the file is about something else than an operation; [`Error::Format`] if
/// it does not hold what its cases need.
pub fn of_file(file: &FixtureFile) -> Result<Vec<Case>> {
    file.cases()?
        .iter()
        .map(|case| of_case(file.operation(), case))
        .collect()
}

fn of_case(operation: &str, case: &FixtureCase<'_>) -> Result<Case> {
    match operation {
        "conv2d" => pictures::conv2d(case),
        "batch_norm" => pictures::batch_norm(case),
        "max_pool2d" => pictures::max_pool2d(case),
        "avg_pool2d" => pictures::avg_pool2d(case),
        "global_avg_pool" => pictures::global_avg_pool(case),
        "relu" => pictures::picture_to_picture(case, Operation::Relu),
        "silu" => pictures::picture_to_picture(case, Operation::Silu),
        "tanh" => pictures::picture_to_picture(case, Operation::Tanh),
        "clamp" => pictures::clamp(case),
        "arithmetic" => pictures::arithmetic(case),
        "concat_channels" => pictures::concat_channels(case),
        "flatten" => pictures::flatten(case),
        "roll" => views::roll(case),
        "bicubic_resize" => views::bicubic_resize(case),
        "contrast" => views::contrast(case),
        "colour_mix" => views::colour_mix(case),
        "channel_mean" => pictures::picture_to_picture(case, Operation::ChannelMean),
        "view_stack" => views::view_stack(case),
        "linear" => rows::linear(case),
        "matmul" => rows::matmul(case),
        "sum" | "mean" | "max" | "top_k" => rows::reduction(operation, case),
        "softmax" => rows::softmax(case, Operation::Softmax),
        "log_softmax" => rows::softmax(case, Operation::LogSoftmax),
        "cross_entropy" => rows::cross_entropy(case),
        "dlr" => rows::dlr(case),
        "targeted_dlr" => rows::targeted_dlr(case),
        "crossmax" => rows::crossmax(case),
        _ => Err(Error::argument(
            "cases::of_file",
            "file",
            "an operation's",
            operation,
        )),
    }
}

/// The case with the stored tensors: `inputs` with their layouts, `y` and `dy` in layout `output`,
/// and the inputs' gradients.
fn assemble(
    case: &FixtureCase<'_>,
    operation: Operation,
    inputs: &[(&str, StoredLayout)],
    output: StoredLayout,
    tolerance: Tolerance,
) -> Result<Case> {
    let value = |&(name, layout): &(&str, StoredLayout)| {
        Ok(Input {
            name: name.to_owned(),
            value: case.tensor(name, layout)?,
        })
    };
    let gradient = |&(name, layout): &(&str, StoredLayout)| case.tensor(&format!("d{name}"), layout);
    Ok(Case {
        name: case.full_name(),
        operation,
        inputs: inputs.iter().map(value).collect::<Result<_>>()?,
        cotangent: case.tensor("dy", output)?,
        expected: Outcome {
            value: case.tensor("y", output)?,
            gradients: inputs.iter().map(gradient).collect::<Result<_>>()?,
        },
        tolerance,
    })
}
