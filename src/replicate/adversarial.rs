//! Light adversarial training: every batch is moved by one step of FGSM before it is learned from.

use super::training::Learner;
use crate::attacks::{Draw, LinfBall, ascend};
use crate::autograd::Var;
use crate::nn::{Mode, Pass};
use crate::ops::Precision;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How training images are attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrainingAttack {
    /// One step of size ε along the sign of the gradient of the cross-entropy (Goodfellow et al. 2015), from the clean
    /// image.
    Fgsm,
}

/// Adversarial training of the backbone (and of the baseline, which is trained in the same way).
///
/// The images of each batch are replaced by adversarial ones before the training step. The gradient is that of the
/// network in training mode, whose running statistics it does not move, under the same draws of the views as the
/// training step: the adversary knows the noise, so that no part of its step is lost on other draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdversarialTraining {
    /// The attack.
    pub attack: TrainingAttack,
    /// Its L∞ radius, in [0, 1].
    pub eps: f64,
}

impl AdversarialTraining {
    /// FGSM with radius `eps`, in units of the image range [0, 1].
    pub fn fgsm(eps: f64) -> Self {
        Self {
            attack: TrainingAttack::Fgsm,
            eps,
        }
    }

    /// `images` [N, H, W, 3] with `labels` moved by the attack on `learner`.
    ///
    /// # Errors
    /// Those of the learner's pass.
    pub(super) fn perturbed(
        &self,
        learner: &dyn Learner,
        images: &Tensor,
        labels: &[usize],
        draws: &[Draw],
        precision: Precision,
    ) -> Result<Tensor> {
        let TrainingAttack::Fgsm = self.attack;
        let leaf = Var::leaf(images.clone());
        let pass = Pass::new(Mode::Train, false).with_precision(precision);
        let logits = learner.forward(&leaf, draws, pass)?.logits;
        // The sum, whose gradients do not depend on the batch's size: only their sign is used, but small ones of a mean
        // could become 0.
        let loss = logits.cross_entropy(labels)?;
        let ones = loss.value().full_beside(*loss.shape(), 1.0)?;
        let gradient = loss.backward(Some(ones))?.take(&leaf);
        let gradient = gradient.ok_or_else(|| {
            Error::argument("adversarial training", "learner", "one that sees images", "none")
        })?;
        let mut moved = images.clone();
        let steps = vec![f32::of(self.eps); labels.len()];
        ascend(&LinfBall::new(self.eps)?, &mut moved, &gradient, images, &steps)?;
        Ok(moved)
    }
}
