//! What attacks maximise.

use crate::autograd::Var;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// A loss of logits and label, to be made large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackLoss {
    /// Cross-entropy, [`Var::cross_entropy`].
    CrossEntropy,
    /// Difference-of-logits ratio, [`Var::dlr`]; needs 3 classes.
    Dlr,
}

impl AttackLoss {
    /// The loss of every row of `logits` [N, classes] and its gradient [N, classes].
    ///
    /// # Errors
    /// Those of [`Var::cross_entropy`] and [`Var::dlr`].
    pub fn with_gradient<T: Element>(
        self,
        logits: &Tensor<T>,
        labels: &[usize],
    ) -> Result<(Tensor<T>, Tensor<T>)> {
        let leaf = Var::leaf(logits.clone());
        let loss = match self {
            Self::CrossEntropy => leaf.cross_entropy(labels)?,
            Self::Dlr => leaf.dlr(labels)?,
        };
        let value = loss.value().clone();
        let ones = value.full_beside(*value.shape(), T::one())?;
        let gradient = match loss.backward(Some(ones))?.take(&leaf) {
            Some(gradient) => gradient,
            None => logits.full_beside(*logits.shape(), T::zero())?,
        };
        Ok((value, gradient))
    }

    /// Refuses a number of classes for which the loss is not defined.
    ///
    /// # Errors
    /// [`Error::Argument`] for [`AttackLoss::Dlr`] with fewer than 3 classes.
    pub fn check_classes(self, classes: usize) -> Result<()> {
        if self == Self::Dlr && classes < 3 {
            let expected = "at least 3 for the DLR loss (attack with the cross-entropy alone)";
            return Err(Error::argument("attack", "classes", expected, classes));
        }
        Ok(())
    }
}
