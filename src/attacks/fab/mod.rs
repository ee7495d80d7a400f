//! FAB, the fast adaptive boundary attack (Croce & Hein 2020, arXiv 1907.02044): a search for the nearest
//! misclassified image.

mod boundary;
mod config;
mod projection;
mod search;
mod start;

pub use config::FabConfig;
pub use search::Fab;

use super::random_start::uniforms;
use super::ranking::{other_class, rankings};
use super::{LabelledImages, OnIteration, Oracle, Perturbation, Perturbed, StartSource};
use crate::Result;
use crate::tensor::{Element, Tensor};

/// What [`fab`] found.
#[derive(Clone, Debug)]
pub struct FabFindings<T: Element = f32> {
    /// Adversarial images within ε, and how each image fared.
    pub perturbed: Perturbed<T>,
    /// The nearest adversarial images [N, H, W, C] whatever their distance; the clean one where none was found.
    pub nearest: Tensor<T>,
    /// Their distances from the clean images; `None` where none was found.
    pub distances: Vec<Option<f64>>,
}

/// Attacks `samples` with FAB, or with FAB-T if the settings have targets.
///
/// The classifier is asked first. In compat mode images that are wrong on that draw are left as they are, as in the reference
/// code; else they are searched too, for a random classifier may be right on the next. Every search goes
/// through all its iterations, looking for ever nearer adversarial images; an image counts as fooled once one was
/// within ε, and further searches (restarts, for every target) are spent only on the others. Any
/// misclassification counts, not only as the target. An iterate's gradient has draw 0 and its prediction draw 1 of
/// [`AttackSlot::search`](super::AttackSlot::search), whose restart is the number of the search. Work on images is
/// done on the host, in f64, wherever the classifier is. The result is a function of the arguments alone, image by
/// image: an interrupted attack is repeated for the images it had not finished.
///
/// Where the code goes beyond the paper or differs from it, this follows the code (fra31/auto-attack at
/// a392200), but for these points:
///
/// * There targets are ranked by a new evaluation of the clean image for every search, so that the label of an
///   image may become its own target if the classifier is random. Here one evaluation, that which decides what is
///   attacked, ranks all classes but the label.
/// * With fewer classes than targets there the program ends; here there are as many targets as other classes.
/// * There what a search found is looked at once more, which matters if the classifier is random; here that
///   is left to the caller.
/// * There the projections for L2 and L1 ignore gradient entries below 1e-8; here only those that are 0.
///
/// # Errors
/// As [`Fab::new`] and [`Fab::step`]; those of `starts` and of `on_iteration`.
pub fn fab<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    config: &FabConfig,
    on_iteration: &mut OnIteration<'_>,
) -> Result<FabFindings<T>> {
    config.check(oracle.classes())?;
    samples.check_labels(oracle.classes())?;
    let rankings = rankings(oracle, samples, config.slot)?;
    let outcomes = rankings
        .iter()
        .zip(samples.labels())
        .map(|(ranking, label)| Perturbation {
            searched: !config.compat || ranking.first() == Some(label),
            ..Perturbation::default()
        });
    let mut findings = FabFindings {
        perturbed: Perturbed {
            images: samples.images().clone(),
            outcomes: outcomes.collect(),
        },
        nearest: samples.images().clone(),
        distances: vec![None; samples.len()],
    };
    for number in 0..config.searches(oracle.classes()) {
        let outcomes = &findings.perturbed.outcomes;
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
        let start = match number % config.restarts {
            0 => None,
            _ => Some(uniforms(starts, config.slot, number, &remaining)?),
        };
        let mut search = Fab::new(oracle, &remaining, config, number, targets, start.as_ref())?;
        while !search.is_finished() {
            search.step()?;
            on_iteration(&search.progress())?;
        }
        findings.add(&search, &left, number)?;
    }
    Ok(findings)
}

impl<T: Element> FabFindings<T> {
    /// Takes over what search `number` found for the images at `indices`.
    fn add(&mut self, search: &Fab<'_, T>, indices: &[usize], number: u16) -> Result<()> {
        let found = search.nearest()?;
        let (mut fooled, mut fooled_rows) = (Vec::new(), Vec::new());
        let (mut nearer, mut nearer_rows) = (Vec::new(), Vec::new());
        for (row, (&i, distance)) in indices.iter().zip(search.distances()).enumerate() {
            if let Some(distance) = distance
                && self.distances[i].is_none_or(|nearest| distance < nearest)
            {
                self.distances[i] = Some(distance);
                nearer.push(i);
                nearer_rows.push(row);
            }
        }
        let outcomes = &mut self.perturbed.outcomes;
        let starts = search.fooled_at().zip(search.zero_gradients());
        for (row, (&i, (fooled_at, zero_gradient))) in indices.iter().zip(starts).enumerate() {
            outcomes[i].zero_gradient |= zero_gradient;
            if let Some(iterate) = fooled_at {
                outcomes[i].fooled_at = Some((number, iterate));
                fooled.push(i);
                fooled_rows.push(row);
            }
        }
        self.nearest.replace_rows(&nearer, &found, &nearer_rows)?;
        self.perturbed.images.replace_rows(&fooled, &found, &fooled_rows)
    }
}
