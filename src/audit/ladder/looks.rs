//! The defence's predictions on draws that no search has seen.

use crate::Result;
use crate::attacks::{AttackSlot, LabelledImages, Oracle, Scores};
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

/// On how many of `selection` selection draws each of `samples` is right.
pub(super) fn right_on_selection<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    selection: u16,
) -> Result<Vec<u16>> {
    let classes = look(oracle, samples, AuditDraw::Select, selection)?;
    let each = selection / oracle.distinct_draws(selection).max(1);
    let right = |(classes, label): (&Vec<usize>, &usize)| {
        let of_class = |class: &usize| each * u16::from(class == label);
        classes.iter().map(of_class).sum()
    };
    Ok(classes.iter().zip(samples.labels()).map(right).collect())
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
