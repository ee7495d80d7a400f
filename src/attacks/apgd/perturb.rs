//! APGD as an attack: which images it tries, and what it returns.

use super::{Apgd, ApgdConfig};
use crate::Result;
use crate::attacks::random_start::uniforms;
use crate::attacks::{LabelledImages, OnIteration, Oracle, StartSource};
use crate::tensor::{Element, Tensor};

/// What [`perturb`] found.
#[derive(Clone, Debug)]
pub struct Perturbed<T: Element = f32> {
    /// The adversarial images [N, H, W, C]; the clean one where none was found.
    pub images: Tensor<T>,
    /// How each image fared.
    pub outcomes: Vec<Perturbation>,
}

/// How the search for one image went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Perturbation {
    /// Whether there was a search: not if the image was misclassified on the attack's own look.
    pub searched: bool,
    /// Restart and number of its first misclassified iterate (0 is the start).
    pub fooled_at: Option<(u16, u16)>,
    /// Whether the loss had no gradient at a start.
    pub zero_gradient: bool,
}

/// Attacks `samples` with APGD from [`ApgdConfig::restarts`] starts.
///
/// As in AutoAttack the classifier is asked first, and images that are wrong on that draw are left
/// as they are; an image counts as fooled once any evaluation of an iterate was wrong, and further
/// starts are spent only on the others.
///
/// # Errors
/// As [`Apgd::new`]; those of the starts and of `on_iteration`.
pub fn perturb<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    config: &ApgdConfig,
    on_iteration: &mut OnIteration<'_>,
) -> Result<Perturbed<T>> {
    config.check()?;
    let draws: Vec<_> = samples
        .ids()
        .iter()
        .map(|&id| config.slot.prediction(id))
        .collect();
    let predictions = oracle.predictions(samples.images(), &draws)?;
    let mut images = samples.images().clone();
    let mut outcomes: Vec<Perturbation> = predictions
        .iter()
        .zip(samples.labels())
        .map(|(prediction, label)| Perturbation {
            searched: prediction == label,
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
        let uniforms = uniforms(starts, config.slot, restart, &remaining)?;
        let mut search = Apgd::new(oracle, &remaining, config, restart, &uniforms)?;
        while !search.is_finished() {
            search.step()?;
            on_iteration(&search.progress())?;
        }
        let (mut fooled, mut rows) = (Vec::new(), Vec::new());
        for (row, (&i, fooled_at)) in left.iter().zip(search.fooled_at()).enumerate() {
            outcomes[i].zero_gradient |= search.zero_gradients()[row];
            if let Some(iterate) = fooled_at {
                outcomes[i].fooled_at = Some((restart, iterate));
                fooled.push(i);
                rows.push(row);
            }
        }
        images.replace_rows(&fooled, search.adversarial(), &rows)?;
    }
    Ok(Perturbed { images, outcomes })
}
