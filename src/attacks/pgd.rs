//! Projected gradient descent (Madry et al. 2018, arXiv 1706.06083, §2.1) for L∞: sign steps of
//! constant size.

use super::random_start::uniforms;
use super::step::ascend;
use super::{
    AttackLoss, AttackSlot, Ball, LabelledImages, LinfBall, Norm, OnIteration, Oracle, SearchProgress,
    StartSource,
};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Which iterate PGD returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The last one.
    Last,
    /// For each image the one with the highest mean loss over the draws, the start included; the
    /// first among equals.
    HighestLoss,
}

/// Settings of [`pgd`].
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PgdConfig {
    /// Radius of the L∞ ball, in units of the image range [0, 1].
    pub eps: f64,
    /// Number of steps.
    pub steps: u16,
    /// Size of a step, in the same units.
    pub step_size: f64,
    /// Whether to start at a random point of the ball instead of the clean image.
    pub random_start: bool,
    /// Draws of a random classifier over which gradients are averaged (EoT).
    pub eot: u16,
    /// What is maximised.
    pub loss: AttackLoss,
    /// Which iterate is returned.
    pub keep: Keep,
    /// Names the random draws.
    pub slot: AttackSlot,
}

impl PgdConfig {
    /// `steps` steps of ε/4 on the cross-entropy from a random start, one draw, last iterate.
    pub fn new(eps: f64, steps: u16) -> Self {
        Self {
            eps,
            steps,
            step_size: eps / 4.0,
            random_start: true,
            eot: 1,
            loss: AttackLoss::CrossEntropy,
            keep: Keep::Last,
            slot: AttackSlot::PGD,
        }
    }

    fn check(&self) -> Result<()> {
        if !(self.step_size >= 0.0 && self.step_size.is_finite()) {
            return Err(Error::argument(
                "pgd",
                "step_size",
                "finite and at least 0",
                self.step_size,
            ));
        }
        if self.eot == 0 {
            return Err(Error::argument("pgd", "eot", "at least 1", self.eot));
        }
        Ok(())
    }
}

/// Attacks all `samples`, also those that are misclassified already: the adversarial images
/// [N, H, W, C].
///
/// # Errors
/// [`Error::Argument`] for settings or labels out of range; those of [`Oracle::appraise`], of the
/// starts and of `on_iteration`.
pub fn pgd<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    config: &PgdConfig,
    on_iteration: &mut OnIteration<'_>,
) -> Result<Tensor<T>> {
    pgd_numbered(oracle, starts, samples, (config, 0), None, on_iteration)
}

/// The same as search `number`, below 1,024, of several, which have starts and draws of their own. It begins at the images
/// `from` [N, H, W, C] if there are any, brought into the ball around the clean ones first, where it stays.
///
/// # Errors
/// As [`pgd`]; [`Error::Argument`] for the number; [`Error::Shape`] if `from` has another shape than the images.
pub fn pgd_numbered<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    (config, number): (&PgdConfig, u16),
    from: Option<&Tensor<T>>,
    on_iteration: &mut OnIteration<'_>,
) -> Result<Tensor<T>> {
    config.check()?;
    config.loss.check_classes(oracle.classes())?;
    samples.check_labels(oracle.classes())?;
    if number >= 1024 {
        return Err(Error::argument("pgd", "number", "below 1024", number));
    }
    let ball = LinfBall::new(config.eps)?;
    let clean = samples.images();
    let mut now = match from {
        Some(from) => Ball::new(Norm::Linf, config.eps)?.project(clean, from)?,
        None if config.random_start => {
            ball.start_inside(clean, &uniforms(starts, config.slot, number, samples)?)?
        }
        None => clean.clone(),
    };
    let mut best = now.clone();
    let mut best_loss = vec![T::neg_infinity(); samples.len()];
    let mut fooled = vec![false; samples.len()];
    let steps = vec![T::of(config.step_size); samples.len()];
    // The last iterate is appraised only if its loss matters.
    let appraisals = u32::from(config.steps) + u32::from(config.keep == Keep::HighestLoss);
    for iteration in (0..=config.steps).take(appraisals as usize) {
        let appraisal = oracle.appraise(&now, samples.labels(), config.loss, config.eot, &|i, draw| {
            config.slot.search(samples.ids()[i], number, iteration, draw)
        })?;
        let mut better = Vec::new();
        for (i, fooled) in fooled.iter_mut().enumerate() {
            *fooled |= appraisal.last_prediction[i] != samples.labels()[i];
            if config.keep == Keep::HighestLoss && appraisal.mean_loss[i] > best_loss[i] {
                best_loss[i] = appraisal.mean_loss[i];
                better.push(i);
            }
        }
        best.replace_rows(&better, &now, &better)?;
        if iteration < config.steps {
            ascend(&ball, &mut now, &appraisal.gradient, clean, &steps)?;
        }
        on_iteration(&SearchProgress {
            restart: number,
            iteration: config.steps.min(iteration.saturating_add(1)),
            iterations: config.steps,
            images: samples.len(),
            fooled: fooled.iter().filter(|&&fooled| fooled).count(),
            passes: samples.len() * usize::from(oracle.distinct_draws(config.eot)),
        })?;
    }
    Ok(match config.keep {
        Keep::Last => now,
        Keep::HighestLoss => best,
    })
}
