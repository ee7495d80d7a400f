//! An ensemble whose members' logits can be seen.

use crate::Result;
use crate::attacks::{Classifier, Draw, Linearised, linearise};
use crate::autograd::Var;
use crate::ensemble::FoldedSelfEnsemble;
use crate::tensor::{Element, Tensor};

/// Several classifiers of the same images, the members of an ensemble.
///
/// As with [`Classifier`], the randomness of an image may depend on its draw and on nothing else.
pub trait MemberLogits<T: Element = f32>: Sync {
    /// Number of classes.
    fn classes(&self) -> usize;

    /// Number of members, at least 1; the last one is the backbone.
    fn members(&self) -> usize;

    /// A short name of `member` for tables.
    fn member_name(&self, member: usize) -> String;

    /// The k of the k-th highest that CrossMax takes.
    fn rank(&self) -> usize;

    /// Whether logits depend on the draws at all.
    fn is_random(&self) -> bool;

    /// Logits [N, members, classes] of `images` `[N,H,W,C]`, one draw an image.
    ///
    /// # Errors
    /// Whatever the members' evaluation returns.
    fn member_logits(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>>;
}

impl<T: Element> MemberLogits<T> for FoldedSelfEnsemble<'_, T> {
    fn classes(&self) -> usize {
        self.ensemble().backbone.net.config().classes
    }

    fn members(&self) -> usize {
        self.ensemble().members()
    }

    fn member_name(&self, member: usize) -> String {
        match self.ensemble().heads.get(member) {
            Some(head) => format!("layer {}", head.layer()),
            None => "backbone".into(),
        }
    }

    fn rank(&self) -> usize {
        self.ensemble().backbone.method().rank(self.ensemble().members())
    }

    fn is_random(&self) -> bool {
        true
    }

    fn member_logits(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>> {
        FoldedSelfEnsemble::member_logits(self, images, draws)
    }
}

/// All members side by side as one classifier with members · classes "classes": so an
/// [`Oracle`](crate::attacks::Oracle) asks for all logits in one pass.
pub(super) struct SideBySide<'a, T: Element>(pub &'a dyn MemberLogits<T>);

impl<T: Element> SideBySide<'_, T> {
    fn evaluate(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>> {
        let n = images.shape().axis(0);
        self.0.member_logits(images, draws)?.reshape([n, self.classes()])
    }
}

impl<T: Element> Classifier<T> for SideBySide<'_, T> {
    fn classes(&self) -> usize {
        self.0.members() * self.0.classes()
    }

    fn is_random(&self) -> bool {
        self.0.is_random()
    }

    fn logits(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Tensor<T>> {
        Ok(self.evaluate(&Var::constant(images.clone()), draws)?.into_value())
    }

    fn linearise<'b>(&'b self, images: &Tensor<T>, draws: &[Draw]) -> Result<Linearised<'b, T>> {
        linearise(images, |images| self.evaluate(images, draws))
    }
}
