//! One case: an operation, its inputs, and what must come out.

use super::compare::{Report, Scale, compare};
use super::conformance::Place;
use super::operation::Operation;
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};

/// An operation at given inputs. The same case serves three comparisons: with stored reference
/// values ([`conformance::run`](super::conformance::run)), of one place with another
/// ([`conformance::compare_places`](super::conformance::compare_places)), and, where the operation
/// is smooth, with finite differences.
#[derive(Clone, Debug)]
pub struct Case {
    /// `<operation>/<case>`, for messages.
    pub name: String,
    /// What is done.
    pub operation: Operation,
    /// To what; every input is tracked.
    pub inputs: Vec<Input>,
    /// Gradient of the output, of the output's shape.
    pub cotangent: Tensor<f64>,
    /// What must come out.
    pub expected: Outcome,
    /// How exactly.
    pub tolerance: Tolerance,
}

/// An operand.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name in messages.
    pub name: String,
    /// Its value.
    pub value: Tensor<f64>,
}

/// What an operation gives.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The output.
    pub value: Tensor<f64>,
    /// For every input the gradient of sum(output · cotangent).
    pub gradients: Vec<Tensor<f64>>,
}

/// The largest error, relative to `scale`, that counts as rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// In f64.
    pub double: f64,
    /// In f32.
    pub single: f64,
    /// What errors are relative to.
    pub scale: Scale,
}

impl Tolerance {
    /// A few units in the last place for sums of some hundred terms.
    pub const USUAL: Self = Self {
        double: 1e-13,
        single: 2e-6,
        scale: Scale::Tensor,
    };

    /// The tolerance for numbers of type `T`.
    pub fn of<T: Element>(&self) -> f64 {
        if T::epsilon().as_f64() < 1e-10 {
            self.double
        } else {
            self.single
        }
    }
}

impl Case {
    /// Applies the operation, forward and backward, in numbers of type `T` at `place`. An input
    /// that no gradient reaches has gradient 0.
    ///
    /// # Errors
    /// Errors of the operation, for example because `place` does not have it.
    pub fn evaluate<T: Element>(&self, place: &Place) -> Result<Outcome> {
        let leaf = |input: &Input| place.put(&input.value).map(Var::<T>::leaf);
        let leaves: Vec<Var<T>> = self.inputs.iter().map(leaf).collect::<Result<_>>()?;
        let y = self.operation.apply(&leaves, place)?;
        let value = y.value().to_host()?.cast()?;
        let mut gradients = y.backward(Some(place.put(&self.cotangent)?))?;
        let gradients = leaves.iter().map(|leaf| match gradients.take(leaf) {
            Some(gradient) => gradient.to_host()?.cast(),
            None => Ok(Tensor::zeros(*leaf.shape())),
        });
        Ok(Outcome {
            value,
            gradients: gradients.collect::<Result<_>>()?,
        })
    }

    /// Compares `found`, which was computed in numbers of type `T`, with `expected`: output and
    /// every gradient.
    ///
    /// # Errors
    /// None for tensors on the host.
    pub fn compare<T: Element>(&self, found: &Outcome, expected: &Outcome) -> Result<Report> {
        let case = format!("{} ({})", self.name, T::NAME);
        let (tolerance, scale) = (self.tolerance.of::<T>(), self.tolerance.scale);
        let mut report = Report::default();
        let (value, right) = (&found.value, &expected.value);
        report.record(compare(&case, "output", value, right, tolerance, scale)?);
        let gradients = found.gradients.iter().zip(&expected.gradients);
        for (input, (gradient, right)) in self.inputs.iter().zip(gradients) {
            let tensor = format!("gradient of {}", input.name);
            report.record(compare(&case, &tensor, gradient, right, tolerance, scale)?);
        }
        Ok(report)
    }
}
