//! How random draws of the self-ensemble vote on every image that AutoAttack broke, before and
//! after: a single draw says little about a random classifier.

use crate::Result;
use crate::attacks::{AutoAttackState, Draw, LabelledImages, Oracle};
use crate::ensemble::{Aggregation, EnsembleClassifier, SelfEnsemble, Stream};
use crate::replicate::Config;
use serde::{Deserialize, Serialize};

/// Which of the two images of a pair is voted on. The numbers keep their draws apart.
#[derive(Clone, Copy)]
enum Version {
    Clean = 0,
    Adversarial = 1,
}

/// The votes on one broken image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ImageVotes {
    /// Index among the attacked images.
    pub index: usize,
    /// The class that each draw gives the clean image.
    pub clean: Vec<usize>,
    /// The class that each draw gives the adversarial image.
    pub adversarial: Vec<usize>,
}

/// The votes on all broken images, in the order of the images.
pub(crate) fn cast(
    ensemble: &SelfEnsemble,
    samples: &LabelledImages,
    attacked: &AutoAttackState,
    config: &Config,
) -> Result<Vec<ImageVotes>> {
    let records = attacked.records().iter().enumerate();
    let broken: Vec<usize> = records
        .filter_map(|(index, record)| record.broken.map(|_| index))
        .collect();
    if broken.is_empty() {
        return Ok(Vec::new());
    }
    let clean = samples.select(&broken)?;
    let adversarial = clean.with_images(attacked.adversarial().select(&broken)?)?;
    let classifier = EnsembleClassifier::new(ensemble, Aggregation::CrossMax)?;
    let oracle = Oracle::new(&classifier, config.attack.sub_batch)?;
    let draws = config.figures.votes;
    let before = votes(&oracle, &clean, Version::Clean, draws)?;
    let after = votes(&oracle, &adversarial, Version::Adversarial, draws)?;
    let pairs = broken.into_iter().zip(before.into_iter().zip(after));
    Ok(pairs
        .map(|(index, (clean, adversarial))| ImageVotes {
            index,
            clean,
            adversarial,
        })
        .collect())
}

/// The class of every image in each of `draws` draws.
fn votes(
    oracle: &Oracle<'_>,
    samples: &LabelledImages,
    version: Version,
    draws: usize,
) -> Result<Vec<Vec<usize>>> {
    let mut votes = vec![Vec::with_capacity(draws); samples.len()];
    for draw in 0..draws {
        let draws: Vec<Draw> = samples
            .ids()
            .iter()
            .map(|&id| Stream::Votes.draw(id, version as u16, draw as u16))
            .collect();
        let classes = oracle.predictions(samples.images(), &draws)?;
        votes
            .iter_mut()
            .zip(classes)
            .for_each(|(votes, class)| votes.push(class));
    }
    Ok(votes)
}
