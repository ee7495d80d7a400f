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
    /// The mean of the cross-entropies of so many members, whose logits lie side by side: [N, members · classes].
    JointCrossEntropy(u16),
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
            Self::JointCrossEntropy(members) => joint_cross_entropy(logits, labels, members.into()),
        })
    }

    /// Refuses a number of classes for which the loss is not defined.
    ///
    /// # Errors
    /// [`Error::Argument`] for [`AttackLoss::Dlr`] with fewer than 3 classes, and for [`AttackLoss::JointCrossEntropy`] if
    /// its members cannot have the same number of them.
    pub fn check_classes(self, classes: usize) -> Result<()> {
        if self == Self::Dlr && classes < 3 {
            let expected = "at least 3 for the DLR loss (attack with the cross-entropy alone)";
            return Err(Error::argument("attack", "classes", expected, classes));
        }
        match self {
            Self::JointCrossEntropy(members) if classes.checked_rem(members.into()) != Some(0) => {
                let expected = format!("a multiple of {members} members");
                Err(Error::argument("attack", "classes", expected, classes))
            }
            _ => Ok(()),
        }
    }
}

/// Mean over `members` of the cross-entropies of `logits` [N, members · classes]: N values.
fn joint_cross_entropy<T: Element>(logits: &Var<T>, labels: &[usize], members: usize) -> Result<Var<T>> {
    let (n, all) = (logits.shape().axis(0), logits.shape().axis(1));
    AttackLoss::JointCrossEntropy(u16::try_from(members).unwrap_or(0)).check_classes(all)?;
    let repeated: Vec<usize> = labels
        .iter()
        .flat_map(|&label| std::iter::repeat_n(label, members))
        .collect();
    let each = logits
        .reshape([n * members, all / members.max(1)])?
        .cross_entropy(&repeated)?;
    each.reshape([n, members])?.mean(1)
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
