//! How an audit scores images: each time on the same fresh draws.

use super::AuditDraw;
use crate::attacks::{AttackSlot, Draw, LabelledImages, Oracle, Scores};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Scores `images`, which an attack in `slot` made of `clean`, on `repeats` fresh draws. The oracle's
/// classifier need not be the one that was attacked.
///
/// # Errors
/// [`Error::Argument`] if `repeats` is 0; [`Error::Shape`] if the images are others; those of
/// [`Oracle::predictions`].
pub fn score<T: Element>(
    oracle: &Oracle<'_, T>,
    clean: &LabelledImages<T>,
    images: &Tensor<T>,
    slot: AttackSlot,
    repeats: u16,
) -> Result<Scores> {
    if repeats == 0 {
        return Err(Error::argument("score", "repeats", "at least 1", repeats));
    }
    let attacked = clean.with_images(images.clone())?;
    let ask = |samples: &LabelledImages<T>, draw: &dyn Fn(u32) -> Draw| {
        let draws: Vec<Draw> = samples.ids().iter().map(|&id| draw(id)).collect();
        oracle.predictions(samples.images(), &draws)
    };
    let first = ask(clean, &|id| slot.prediction(id))?;
    let recheck = ask(&attacked, &|id| slot.recheck(id))?;
    // A deterministic classifier is asked once: all its draws are equal.
    let distinct = oracle.distinct_draws(repeats);
    let redrawn = (0..distinct)
        .map(|repeat| ask(&attacked, &|id| AuditDraw::Score.draw(id, repeat)))
        .collect::<Result<Vec<_>>>()?;
    let robust: Vec<bool> = first
        .iter()
        .zip(&recheck)
        .zip(clean.labels())
        .map(|((first, last), label)| first == label && last == label)
        .collect();
    let of_image = |i: usize| redrawn.iter().map(|classes| classes[i]).collect();
    let redrawn: Vec<Vec<usize>> = (0..clean.len()).map(of_image).collect();
    Ok(Scores::of(clean.labels(), &robust, &redrawn, repeats))
}
