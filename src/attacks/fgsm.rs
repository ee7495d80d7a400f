//! The fast gradient sign method (Goodfellow et al. 2015, arXiv 1412.6572, §4).

use super::{AttackLoss, AttackSlot, Keep, LabelledImages, Oracle, PgdConfig, StartSource, pgd};
use crate::Result;
use crate::tensor::{Element, Tensor};

/// Settings of [`fgsm`].
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FgsmConfig {
    /// Size of the step and radius of the L∞ ball, in units of the image range [0, 1].
    pub eps: f64,
    /// Whether to start at a random point of the ball instead of the clean image.
    pub random_start: bool,
    /// Draws of a random classifier over which gradients are averaged (EoT).
    pub eot: u16,
    /// What is maximised.
    pub loss: AttackLoss,
    /// Names the random draws.
    pub slot: AttackSlot,
}

impl FgsmConfig {
    /// One step on the cross-entropy from the clean image, one draw.
    pub fn new(eps: f64) -> Self {
        Self {
            eps,
            random_start: false,
            eot: 1,
            loss: AttackLoss::CrossEntropy,
            slot: AttackSlot::FGSM,
        }
    }
}

/// One sign step of size ε, projected: the adversarial images [N, H, W, C] of all `samples`.
///
/// # Errors
/// As [`pgd`].
pub fn fgsm<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    config: &FgsmConfig,
) -> Result<Tensor<T>> {
    let one_step = PgdConfig {
        eps: config.eps,
        steps: 1,
        step_size: config.eps,
        random_start: config.random_start,
        eot: config.eot,
        loss: config.loss,
        keep: Keep::Last,
        slot: config.slot,
    };
    pgd(oracle, starts, samples, &one_step, &mut |_| Ok(()))
}
