//! APGD as an attack: which images it tries, and what it returns.

use super::{Apgd, ApgdConfig};
use crate::Result;
use crate::attacks::random_start::uniforms;
use crate::attacks::ranking::{other_class, rankings};
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
    /// Number of the search (of the restart, without targets) and of its first misclassified iterate (0 is the start).
    pub fooled_at: Option<(u16, u16)>,
    /// Whether the loss had no gradient at a start, or (unless in compat mode) at any iterate.
    pub zero_gradient: bool,
}

/// Attacks `samples` with APGD from [`ApgdConfig::restarts`] starts, with targets ([`ApgdConfig::targets`]) from so many
/// for each.
///
/// The classifier is asked first, which ranks the targets. In compat mode images that are wrong on that draw are left as
/// they are, as in AutoAttack; else they are attacked too, for a random classifier may be right on the next. An image counts
/// as fooled once an iterate was misclassified, not only as the target, and further searches are spent only on the
/// others. With larger radii the iterates of the last phase alone count.
///
/// The targets of an image are ranked by that first evaluation, without its label. (The reference code, fra31/auto-attack
/// at a392200, ranks by a new evaluation for every target, so that the label of an image may become its own target if
/// the classifier is random, and ends with an error if there are fewer classes than targets.)
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
    config.check_classes(oracle.classes())?;
    let rankings = rankings(oracle, samples, config.slot)?;
    let mut images = samples.images().clone();
    let mut outcomes: Vec<Perturbation> = rankings
        .iter()
        .zip(samples.labels())
        .map(|(ranking, label)| Perturbation {
            searched: !config.compat || ranking.first() == Some(label),
            ..Perturbation::default()
        })
        .collect();
    for number in 0..config.searches(oracle.classes()) {
        let left = (0..samples.len()).filter(|&i| outcomes[i].searched && outcomes[i].fooled_at.is_none());
        let left: Vec<usize> = left.collect();
        if left.is_empty() {
            break;
        }
        let remaining = samples.select(&left)?;
        let targets = config.targets.map(|_| {
            let rank = usize::from(number / config.restarts);
            let target = |&i: &usize| other_class(&rankings[i], samples.labels()[i], rank);
            left.iter().map(target).collect()
        });
        let uniforms = uniforms(starts, config.slot, number, &remaining)?;
        let mut search = Apgd::new(oracle, &remaining, config, number, targets, &uniforms)?;
        let mut blind = vec![false; left.len()];
        loop {
            while !search.is_finished() {
                search.step()?;
                on_iteration(&search.progress())?;
            }
            for (blind, also) in blind.iter_mut().zip(search.zero_gradients()) {
                *blind |= also;
            }
            match search.next_phase()? {
                Some(next) => search = next,
                None => break,
            }
        }
        let (mut fooled, mut rows) = (Vec::new(), Vec::new());
        for (row, (&i, fooled_at)) in left.iter().zip(search.fooled_at()).enumerate() {
            outcomes[i].zero_gradient |= blind[row];
            if let Some(iterate) = fooled_at {
                outcomes[i].fooled_at = Some((number, iterate));
                fooled.push(i);
                rows.push(row);
            }
        }
        images.replace_rows(&fooled, search.adversarial(), &rows)?;
    }
    Ok(Perturbed { images, outcomes })
}
