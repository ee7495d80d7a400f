//! The defence's predictions on draws that no search has seen.

use super::Standing;
use crate::Result;
use crate::attacks::{AttackSlot, LabelledImages, Oracle, Scores, predicted_classes};
use crate::audit::AuditDraw;
use crate::tensor::{Element, Tensor};

/// The classes of every image of `samples` on `repeats` draws of `kind`, those of a deterministic classifier once only.
pub(super) fn look<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    kind: AuditDraw,
    repeats: u16,
) -> Result<Vec<Vec<usize>>> {
    let mut classes = vec![Vec::new(); samples.len()];
    for repeat in 0..oracle.distinct_draws(repeats) {
        let ids = samples.ids().iter();
        let draws: Vec<_> = ids.map(|&id| kind.draw(id, repeat)).collect();
        let predictions = oracle.predictions(samples.images(), &draws)?;
        for (classes, class) in classes.iter_mut().zip(predictions) {
            classes.push(class);
        }
    }
    Ok(classes)
}

/// How each of `samples` does on `selection` selection draws.
pub(super) fn standings_on_selection<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    selection: u16,
) -> Result<Vec<Standing>> {
    let distinct = oracle.distinct_draws(selection).max(1);
    let mut right = vec![0; samples.len()];
    let mut margins = vec![0.0; samples.len()];
    for repeat in 0..distinct {
        let ids = samples.ids().iter();
        let draws: Vec<_> = ids.map(|&id| AuditDraw::Select.draw(id, repeat)).collect();
        let logits = oracle.logits(samples.images(), &draws)?.to_host()?;
        let classes = predicted_classes(&logits)?;
        let rows = logits.to_vec()?;
        let rows = rows.chunks_exact(oracle.classes().max(1));
        for (i, ((row, class), &label)) in rows.zip(classes).zip(samples.labels()).enumerate() {
            right[i] += u16::from(class == label);
            margins[i] += margin(row, label);
        }
    }
    let each = selection / distinct;
    let standing = |(right, margin): (u16, f64)| Standing {
        right: each * right,
        margin: (margin / f64::from(distinct)) as f32,
    };
    Ok(right.into_iter().zip(margins).map(standing).collect())
}

/// The logit of `label` minus the largest of the others.
fn margin<T: Element>(logits: &[T], label: usize) -> f64 {
    let own = logits.get(label).map_or(f64::NAN, |logit| logit.as_f64());
    let others = logits.iter().enumerate().filter(|&(class, _)| class != label);
    own - others.fold(f64::NEG_INFINITY, |most, (_, logit)| most.max(logit.as_f64()))
}

/// Images scored, and the class that each has on most fresh draws, the lowest among equals.
pub(super) struct Scored {
    pub scores: Scores,
    pub classes: Vec<usize>,
}

/// Scores `images`, made of `clean`, on `repeats` fresh draws. Never broken are those of `flags`, or without them those that are
/// right on one draw before and on one draw after.
pub(super) fn score<T: Element>(
    oracle: &Oracle<'_, T>,
    clean: &LabelledImages<T>,
    images: &Tensor<T>,
    flags: Option<&[bool]>,
    repeats: u16,
) -> Result<Scored> {
    let attacked = clean.with_images(images.clone())?;
    let flags = match flags {
        Some(flags) => flags.to_vec(),
        None => {
            let ids = || clean.ids().iter();
            let before: Vec<_> = ids().map(|&id| AttackSlot::PGD.prediction(id)).collect();
            let after: Vec<_> = ids().map(|&id| AttackSlot::PGD.recheck(id)).collect();
            let before = oracle.predictions(clean.images(), &before)?;
            let after = oracle.predictions(attacked.images(), &after)?;
            let labels = clean.labels().iter();
            let right = before.iter().zip(&after).zip(labels);
            right
                .map(|((before, after), label)| before == label && after == label)
                .collect()
        }
    };
    let redrawn = look(oracle, &attacked, AuditDraw::Score, repeats)?;
    Ok(Scored {
        scores: Scores::of(clean.labels(), &flags, &redrawn, repeats),
        classes: redrawn.iter().map(|classes| most_frequent(classes)).collect(),
    })
}

fn most_frequent(classes: &[usize]) -> usize {
    let count = |class: usize| classes.iter().filter(|&&other| other == class).count();
    let rank = |&class: &usize| (count(class), std::cmp::Reverse(class));
    classes.iter().copied().max_by_key(rank).unwrap_or(0)
}
