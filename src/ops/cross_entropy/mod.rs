//! Cross-entropy of logits with hard or soft labels, one loss an image.

mod cpu;
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Checks that `logits` is [N, classes] and there is one label below `classes` an image.
pub(crate) fn check_labels<T: Element>(
    op: &'static str,
    logits: &Var<T>,
    labels: &[usize],
) -> Result<[usize; 2]> {
    let &[n, classes] = logits.dims() else {
        return Err(Error::shape(op, "self", "[N, classes]", logits.shape()));
    };
    if labels.len() != n {
        return Err(Error::argument(op, "labels", format!("{n} labels"), labels.len()));
    }
    match labels.iter().find(|&&label| label >= classes) {
        Some(label) => Err(Error::argument(op, "label", format!("below {classes}"), label)),
        None => Ok([n, classes]),
    }
}

impl<T: Element> Var<T> {
    /// −ln softmax(logits)`[label]` for every row of [N, classes]: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Argument`] if logits and labels do not fit.
    pub fn cross_entropy(&self, labels: &[usize]) -> Result<Var<T>> {
        check_labels("cross_entropy", self, labels)?;
        match place("cross_entropy", &[self.value()])? {
            Place::Host => cpu::hard(self, labels),
            Place::Device(device) => cuda::hard(device, self, labels),
        }
    }

    /// −Σ target · ln softmax(logits) for every row, with `targets` [N, classes] constant: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ.
    pub fn soft_cross_entropy(&self, targets: &Tensor<T>) -> Result<Var<T>> {
        if self.shape().rank() != 2 || targets.shape() != self.shape() {
            let expected = format!("[N, classes] = {}", self.shape());
            return Err(Error::shape(
                "soft_cross_entropy",
                "targets",
                expected,
                targets.shape(),
            ));
        }
        match place("soft_cross_entropy", &[self.value(), targets])? {
            Place::Host => cpu::soft(self, targets),
            Place::Device(device) => cuda::soft(device, self, targets),
        }
    }
}
