//! What AutoAttack found.

use super::{AttackKind, AutoAttackConfig, AutoAttackState, ImageRecord};
use crate::attacks::statistics::wilson;
use crate::tensor::Element;

/// A share of images.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Share {
    /// Number of images of which it is true.
    pub count: usize,
    /// Number of all images.
    pub of: usize,
    /// The fraction.
    pub fraction: f64,
    /// Its Wilson 95 % interval, low and high.
    pub ci95: (f64, f64),
}

impl Share {
    /// `count` of `of` images.
    pub fn new(count: usize, of: usize) -> Self {
        Self {
            count,
            of,
            fraction: count as f64 / of.max(1) as f64,
            ci95: wilson(count, of),
        }
    }
}

/// The numbers of a run of AutoAttack, over all images, unattacked ones included.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AutoAttackReport {
    /// Right on one draw before all attacks.
    pub initial: Share,
    /// Left unbroken after each attack, in their order.
    pub after: Vec<(AttackKind, Share)>,
    /// Right at first and never broken: AutoAttack's robust accuracy.
    pub robust: Share,
    /// What speaks against trusting the numbers, in sentences.
    pub warnings: Vec<String>,
}

impl AutoAttackReport {
    /// The report of `state`; an attack that is not done yet counts as far as it went.
    /// `is_random` is whether the classifier is random.
    pub fn new<T: Element>(state: &AutoAttackState<T>, is_random: bool) -> Self {
        Self::of(state.records(), state.config(), (state.ledger.classes, is_random))
    }

    /// The report of `records`, made with `config` by a classifier of so many classes that is random or not.
    pub fn of(records: &[ImageRecord], config: &AutoAttackConfig, classifier: (usize, bool)) -> Self {
        let share = |condition: &dyn Fn(&ImageRecord) -> bool| {
            Share::new(
                records.iter().filter(|record| condition(record)).count(),
                records.len(),
            )
        };
        let attacks = &config.attacks;
        let after = attacks.iter().enumerate().map(|(i, &attack)| {
            let done = &attacks[..=i];
            let left = |record: &ImageRecord| {
                record.initially_right() && !record.broken.is_some_and(|broken| done.contains(&broken.by))
            };
            (attack, share(&left))
        });
        Self {
            initial: share(&ImageRecord::initially_right),
            after: after.collect(),
            robust: share(&ImageRecord::is_robust),
            warnings: warnings(records, config, classifier),
        }
    }
}

fn warnings(
    records: &[ImageRecord],
    config: &AutoAttackConfig,
    (classes, is_random): (usize, bool),
) -> Vec<String> {
    let mut warnings = Vec::new();
    if !is_random && config.eot > 1 {
        warnings.push(
            "the classifier is deterministic: averaging over draws does nothing, and AutoAttack's \
             version for random classifiers leaves out its strongest attacks"
                .to_owned(),
        );
    }
    if is_random && config.eot == 1 {
        warnings.push(
            "the classifier is random, and gradients of single draws are followed: use version rand, or average over \
             draws (EoT)"
                .to_owned(),
        );
    }
    for (attack, targets) in [
        (AttackKind::ApgdT, config.targets),
        (AttackKind::FabT, config.fab_targets),
    ] {
        let others = classes.saturating_sub(1);
        if config.attacks.contains(&attack) && usize::from(targets) > others {
            warnings.push(format!(
                "{attack}: {targets} targets asked for, {others} classes are there"
            ));
        }
    }
    if let Some(gain) = gain_of_square(records, config).filter(|&gain| gain > SQUARE_GAIN) {
        warnings.push(format!(
            "square broke {:.1} % of the images, which the attacks with gradients had left: gradients may be masked; \
             give it more queries, or attack a smooth surrogate",
            100.0 * gain
        ));
    }
    if !records.is_empty() && records.iter().all(|record| record.probabilities) {
        warnings.push(
            "the classifier's output looks like probabilities: attack its logits instead, for \
             saturated probabilities have no gradient"
                .to_owned(),
        );
    }
    for &attack in &config.attacks {
        let blind = |record: &&ImageRecord| record.zero_gradient.contains(&attack);
        let count = records.iter().filter(blind).count();
        if count > 0 {
            warnings.push(format!(
                "{attack}: the gradient was 0 {} for {count} images, where the attack is blind; try an attack on a \
                 smooth surrogate",
                match config.compat {
                    true => "at the start",
                    false => "somewhere on the way",
                }
            ));
        }
    }
    warnings
}

/// Share of images from which on AutoAttack warns that Square found more than gradients.
const SQUARE_GAIN: f64 = 0.002;

/// Share of the images that Square broke after attacks with gradients.
fn gain_of_square(records: &[ImageRecord], config: &AutoAttackConfig) -> Option<f64> {
    let attacks = &config.attacks;
    let place = attacks.iter().position(|&attack| attack == AttackKind::Square)?;
    attacks[..place].iter().find(|attack| attack.is_white_box())?;
    let by_square = |record: &&ImageRecord| record.broken.is_some_and(|b| b.by == AttackKind::Square);
    Some(records.iter().filter(by_square).count() as f64 / records.len().max(1) as f64)
}
