//! The numbers of a campaign, from its journal.

use super::{Header, ImageResult};
use crate::attacks::{AttackKind, AutoAttackReport, ImageRecord, Scores, Share};
use serde::Serialize;

/// One way in which images were made, and how they fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// What it is.
    pub name: &'static str,
    /// All scores.
    pub scores: Scores,
}

/// All numbers of a campaign, over all its images, misclassified ones included.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Right on one draw before all attacks.
    pub initial: Share,
    /// Left unbroken after each attack.
    pub after: Vec<(AttackKind, Share)>,
    /// What the attacks left; the image that broke, else the clean one.
    pub attack: Condition,
    /// Control: random noise of the same size in the place of the search.
    pub noise: Condition,
    /// Control: ε = 0, as many looks at the clean image, by the same rules, as the attacks take.
    pub looking: Condition,
    /// The largest distance of a resulting image from its clean one.
    pub largest_distance: f64,
    /// Number of images that each attack broke.
    pub broken_by: Vec<(AttackKind, usize)>,
    /// The classes reached most often: label, class, number of images; at most ten.
    pub reached: Vec<(usize, usize, usize)>,
    /// The median, over the images that were right before all attacks, of the smallest radius that broke them, if that was looked for;
    /// nothing if half of them did not break at all.
    pub median_smallest_radius: Option<f64>,
    /// What speaks against trusting the numbers, in sentences.
    pub warnings: Vec<String>,
}

impl Summary {
    /// The numbers of `results` of the campaign `header`.
    pub fn of(header: &Header, results: &[ImageResult]) -> Self {
        let records: Vec<ImageRecord> = results.iter().map(|result| result.record.clone()).collect();
        let report = AutoAttackReport::of(&records, &header.config, (header.classes, header.random));
        let labels: Vec<usize> = records.iter().map(|record| record.label).collect();
        let condition =
            |name, robust: &dyn Fn(&ImageResult) -> bool, classes: &dyn Fn(&ImageResult) -> Vec<usize>| {
                let robust: Vec<bool> = results.iter().map(robust).collect();
                let classes: Vec<Vec<usize>> = results.iter().map(classes).collect();
                Condition {
                    name,
                    scores: Scores::of(&labels, &robust, &classes, header.redraws),
                }
            };
        let attack = condition("attack", &|r| r.record.is_robust(), &|r| r.redrawn.clone());
        let noise = condition("random noise of size ε", &ImageResult::survives_noise, &|r| {
            r.noise_redrawn.clone()
        });
        let looking = condition("ε = 0", &ImageResult::survives_looking, &|r| {
            r.clean_redrawn.clone()
        });
        let count = |attack| {
            records
                .iter()
                .filter(|record| record.broken.is_some_and(|b| b.by == attack))
                .count()
        };
        let mut warnings = report.warnings;
        let by_chance = results.iter().filter(|result| result.broken_by_looking).count();
        if by_chance > 0 {
            warnings.push(format!(
                "looking at the clean images as often as the attacks do broke {by_chance} of {}: so much of \"never broken\" is \
                 chance; quote the mean over draws beside it",
                report.initial.count
            ));
        }
        Self {
            initial: report.initial,
            after: report.after,
            attack,
            noise,
            looking,
            largest_distance: results.iter().map(|result| result.distance).fold(0.0, f64::max),
            broken_by: header
                .config
                .attacks
                .iter()
                .map(|&attack| (attack, count(attack)))
                .collect(),
            reached: reached(&records),
            median_smallest_radius: median_smallest_radius(results),
            warnings,
        }
    }
}

fn reached(records: &[ImageRecord]) -> Vec<(usize, usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = records
        .iter()
        .filter_map(|record| Some((record.label, record.broken?.prediction)))
        .collect();
    pairs.sort_unstable();
    let mut counts: Vec<(usize, usize, usize)> = pairs
        .chunk_by(|a, b| a == b)
        .map(|same| (same[0].0, same[0].1, same.len()))
        .collect();
    counts.sort_by_key(|&(label, class, count)| (std::cmp::Reverse(count), label, class));
    counts.truncate(10);
    counts
}

fn median_smallest_radius(results: &[ImageResult]) -> Option<f64> {
    let right = results.iter().filter(|result| result.record.initially_right());
    let radii = right.map(|result| Some(result.smallest_radius?.broken.unwrap_or(f64::INFINITY)));
    let mut radii: Vec<f64> = radii.collect::<Option<_>>()?;
    radii.sort_by(f64::total_cmp);
    let upper = *radii.get(radii.len() / 2)?;
    let lower = *radii.get(radii.len().saturating_sub(1) / 2)?;
    let median = 0.5 * (lower + upper);
    median.is_finite().then_some(median)
}
