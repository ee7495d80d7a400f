//! The Square attack (Andriushchenko, Croce, Flammarion & Hein 2020, arXiv 1912.00049): a random search that
//! asks for logits only.

mod config;
mod frame;
mod pattern;
mod proposal;
mod schedule;
mod search;
mod source;
mod standing;
mod stripes;
mod windows;

pub use config::{SquareConfig, SquareLoss};
pub use search::Square;
pub use source::SquareSource;

use super::{LabelledImages, OnIteration, Oracle, Perturbation, Perturbed};
use crate::Result;
use crate::tensor::Element;

/// Attacks `samples` with the Square attack from [`SquareConfig::restarts`] starts.
///
/// The classifier is asked first, and images that are wrong on that draw are left as they are. An image counts
/// as fooled once a query was misclassified ([`Perturbation::fooled_at`] is its restart and number, 0 for the start);
/// its search ends there, and further starts are spent only on the others. Query q of an image has the draw
/// [`AttackSlot::search`](super::AttackSlot::search) of iterate q. Work on images is done on the host, in f64,
/// wherever the classifier is. The result is a function of the arguments alone, image by image: an interrupted
/// attack is repeated for the images it had not finished.
///
/// Where the code goes beyond the paper or differs from it, this follows the code (fra31/auto-attack at
/// a392200), but for the following faults, which [`SquareConfig::compat`] brings back:
///
/// * Positions are ⌊u·(extent − side)⌋ there: no square ever touches the last row or column of pixels.
///   Here all positions are as likely.
/// * An image whose margin is exactly 0 is left alone there though it may be right, among equal logits. (Ties
///   are common where logits are votes.) Here the search goes on until the prediction is wrong.
///
/// In these it is always different:
///
/// * There all images of a batch share squares and, for L∞, their signs, so that results depend on the batch.
///   Here every image has what `source` gives it; a source may give the same to all.
/// * There what the search found is looked at once more, which matters if the classifier is random; here that is
///   left to the caller.
/// * Tiles of the start that reach beyond an image are cut off; there they end the program. On images less than
///   5 pixels high tiles are single pixels; there the program ends.
///
/// # Errors
/// As [`Square::new`]; those of `on_iteration`.
pub fn square<T: Element>(
    oracle: &Oracle<'_, T>,
    source: &dyn SquareSource,
    samples: &LabelledImages<T>,
    config: &SquareConfig,
    on_iteration: &mut OnIteration<'_>,
) -> Result<Perturbed<T>> {
    config.check()?;
    samples.check_labels(oracle.classes())?;
    let ids = samples.ids().iter();
    let draws: Vec<_> = ids.map(|&id| config.slot.prediction(id)).collect();
    let predictions = oracle.predictions(samples.images(), &draws)?;
    let mut images = samples.images().clone();
    let mut outcomes: Vec<Perturbation> = predictions
        .iter()
        .zip(samples.labels())
        .map(|(prediction, label)| Perturbation {
            searched: !config.compat || prediction == label,
            ..Perturbation::default()
        })
        .collect();
    for restart in 0..config.restarts {
        let left = (0..samples.len()).filter(|&i| outcomes[i].searched && outcomes[i].fooled_at.is_none());
        let left: Vec<usize> = left.collect();
        if left.is_empty() {
            break;
        }
        let remaining = samples.select(&left)?;
        let mut search = Square::new(oracle, source, &remaining, config, restart)?;
        while !search.is_finished() {
            search.step()?;
            on_iteration(&search.progress())?;
        }
        let (mut fooled, mut rows) = (Vec::new(), Vec::new());
        for (row, (&i, fooled_at)) in left.iter().zip(search.fooled_at()).enumerate() {
            if let Some(query) = fooled_at {
                outcomes[i].fooled_at = Some((restart, query));
                fooled.push(i);
                rows.push(row);
            }
        }
        images.replace_rows(&fooled, &search.best()?, &rows)?;
    }
    Ok(Perturbed { images, outcomes })
}

/// What a uniform number in [0, 1) says of a sign.
fn sign(number: f64) -> f64 {
    if number >= 0.5 { 1.0 } else { -1.0 }
}
