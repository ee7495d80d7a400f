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
        with_gradient(logits, |logits| match self {
            Self::CrossEntropy => logits.cross_entropy(labels),
            Self::Dlr => logits.dlr(labels),
        })
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

/// Where a search goes.
#[derive(Clone, Copy, Debug)]
pub enum Aim<'a> {
    /// Away from the label, up this loss.
    Away(AttackLoss),
    /// Towards these classes, one an image, up the targeted difference-of-logits ratio ([`Var::dlr_targeted`]); needs 4
    /// classes.
    Towards(&'a [usize]),
}

impl Aim<'_> {
    /// The loss of every row of `logits` [N, classes] and its gradient [N, classes].
    ///
    /// # Errors
    /// Those of [`AttackLoss::with_gradient`] and [`Var::dlr_targeted`].
    pub fn with_gradient<T: Element>(
        self,
        logits: &Tensor<T>,
        labels: &[usize],
    ) -> Result<(Tensor<T>, Tensor<T>)> {
        match self {
            Self::Away(loss) => loss.with_gradient(logits, labels),
            Self::Towards(targets) => with_gradient(logits, |logits| logits.dlr_targeted(labels, targets)),
        }
    }
}

/// The losses that `f` makes of the rows of `logits`, and their gradients.
fn with_gradient<T: Element>(
    logits: &Tensor<T>,
    f: impl FnOnce(&Var<T>) -> Result<Var<T>>,
) -> Result<(Tensor<T>, Tensor<T>)> {
    let leaf = Var::leaf(logits.clone());
    let loss = f(&leaf)?;
    let value = loss.value().clone();
    let ones = value.full_beside(*value.shape(), T::one())?;
    let gradient = match loss.backward(Some(ones))?.take(&leaf) {
        Some(gradient) => gradient,
        None => logits.full_beside(*logits.shape(), T::zero())?,
    };
    Ok((value, gradient))
}
