//! Some of the members, side by side.

use crate::attacks::{Classifier, Draw, Linearised, linearise};
use crate::audit::MemberLogits;
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// The logits of these members side by side, for
/// [`AttackLoss::JointCrossEntropy`](crate::attacks::AttackLoss::JointCrossEntropy): [N, members · classes].
pub(super) struct JointMembers<'a, T: Element> {
    ensemble: &'a dyn MemberLogits<T>,
    members: &'a [usize],
}

impl<'a, T: Element> JointMembers<'a, T> {
    /// Those of `ensemble` with the indices `members`.
    pub fn new(ensemble: &'a dyn MemberLogits<T>, members: &'a [usize]) -> Result<Self> {
        let count = ensemble.members();
        if members.is_empty() || members.iter().any(|&member| member >= count) {
            let expected = format!("some, below {count}");
            return Err(Error::argument(
                "JointMembers",
                "members",
                expected,
                format!("{members:?}"),
            ));
        }
        Ok(Self { ensemble, members })
    }

    fn evaluate(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>> {
        let all = self.ensemble.member_logits(images, draws)?;
        let picked = self.members.iter().map(|&member| all.pick(1, member));
        let picked = picked.collect::<Result<Vec<_>>>()?;
        Var::concat(&picked.iter().collect::<Vec<_>>())
    }
}

impl<T: Element> Classifier<T> for JointMembers<'_, T> {
    fn classes(&self) -> usize {
        self.members.len() * self.ensemble.classes()
    }

    fn is_random(&self) -> bool {
        self.ensemble.is_random()
    }

    fn logits(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Tensor<T>> {
        Ok(self.evaluate(&Var::constant(images.clone()), draws)?.into_value())
    }

    fn linearise<'b>(&'b self, images: &Tensor<T>, draws: &[Draw]) -> Result<Linearised<'b, T>> {
        linearise(images, |images| self.evaluate(images, draws))
    }
}
