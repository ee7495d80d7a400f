//! The difference-of-logits-ratio loss (Croce & Hein 2020, arXiv 2003.01690, §4.1, eqs. 6 and 7),
//! with the constant 1e-12 that the reference adds to the denominator.
//!
//! Where logits are equal the lower class index counts as the larger logit.

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::cross_entropy::check_labels;
use crate::ops::place::{Place, place};
use crate::tensor::Element;
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// −(z_y − max_{i≠y} z_i)/(z_π1 − z_π3 + 1e-12) for every row of [N, classes]: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than 3 classes; as [`Var::cross_entropy`].
    pub fn dlr(&self, labels: &[usize]) -> Result<Var<T>> {
        let [_, classes] = check_labels("dlr", self, labels)?;
        if classes < 3 {
            return Err(Error::shape("dlr", "self", "at least 3 classes", self.shape()));
        }
        match place("dlr", &[self.value()])? {
            Place::Host => cpu::untargeted(self, labels),
            Place::Device(device) => cuda::ratio(device, "dlr", self, labels, None),
        }
    }

    /// −(z_y − z_t)/(z_π1 − ½(z_π3 + z_π4) + 1e-12) for every row of [N, classes] with a target
    /// class t an image: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than 4 classes; as [`Var::cross_entropy`].
    pub fn dlr_targeted(&self, labels: &[usize], targets: &[usize]) -> Result<Var<T>> {
        let [_, classes] = check_labels("dlr_targeted", self, labels)?;
        check_labels("dlr_targeted", self, targets)?;
        if classes < 4 {
            return Err(Error::shape(
                "dlr_targeted",
                "self",
                "at least 4 classes",
                self.shape(),
            ));
        }
        match place("dlr_targeted", &[self.value()])? {
            Place::Host => cpu::targeted(self, labels, targets),
            Place::Device(device) => cuda::ratio(device, "dlr_targeted", self, labels, Some(targets)),
        }
    }
}
