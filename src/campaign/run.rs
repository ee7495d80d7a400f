//! The way through all groups.

use super::group;
use super::{Files, Header, ImageResult};
use crate::attacks::statistics::wilson;
use crate::attacks::{AutoAttackConfig, AutoAttackProgress, LabelledImages, Oracle, SearchProgress};
use crate::{Error, Result};
use serde_json::Value;

/// What is done with every image.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// The attacks; their blocks are the groups.
    pub config: AutoAttackConfig,
    /// Seed of starts, squares and the controls' noise.
    pub seed: u64,
    /// Fresh draws that resulting images are looked at with.
    pub redraws: u16,
    /// Rounds of the bisection for the smallest radius at which an image is broken; 0 for none.
    pub bisections: u16,
}

/// When enough images were attacked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Until {
    /// After the last.
    #[default]
    All,
    /// Once the 95 % interval of the share never broken reaches at most this far to both sides, on average: it is half as
    /// wide as that. (The interval of a number at which one stops is a little too narrow.)
    Interval(f64),
}

/// What is being done with a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// AutoAttack.
    Attack(AutoAttackProgress),
    /// The null controls.
    Control,
    /// Fresh draws.
    Score,
    /// The search for the smallest radius.
    Bisection(SearchProgress),
}

/// Where a campaign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignProgress {
    /// Images that are in the journal.
    pub done: usize,
    /// Images to attack.
    pub images: usize,
    /// Images that are in the journal and were never broken.
    pub robust: usize,
    /// Images of the group under way.
    pub group: usize,
    /// Number of attacks.
    pub attacks: usize,
    /// What is done with it.
    pub task: Task,
}

/// Called after every iteration; an error it returns ends the campaign.
pub type OnCampaignProgress<'a> = dyn FnMut(&CampaignProgress) -> Result<()> + 'a;

impl Campaign {
    /// The journal's first line for `images` images against the oracle's classifier; `attack` as [`Header::attack`].
    pub fn header(&self, oracle: &Oracle<'_>, images: usize, attack: Value) -> Header {
        Header {
            attack,
            config: AutoAttackConfig {
                block: 1,
                ..self.config.clone()
            },
            seed: self.seed,
            redraws: self.redraws,
            bisections: self.bisections,
            images,
            classes: oracle.classes(),
            random: oracle.is_random(),
            shard: None,
        }
    }

    /// Attacks `samples`, which are at `positions` among all images, those left that `known` does not have; all results. Groups are
    /// written to `files` as they get done. An oracle that is recorded on a tape goes on in the middle of a group.
    ///
    /// # Errors
    /// [`Error::Argument`] if `positions` are not as many as `samples`; those of [`autoattack`](crate::attacks::autoattack), of the
    /// files and of `on_progress`.
    pub fn run(
        &self,
        oracle: &Oracle<'_>,
        (samples, positions): (&LabelledImages, &[usize]),
        (files, known): (&mut Files, Vec<ImageResult>),
        until: Until,
        on_progress: &mut OnCampaignProgress<'_>,
    ) -> Result<Vec<ImageResult>> {
        if positions.len() != samples.len() {
            let expected = format!("{}, one an image", samples.len());
            return Err(Error::argument(
                "Campaign",
                "positions",
                expected,
                positions.len(),
            ));
        }
        let mut results = known;
        while results.len() < samples.len() && !until.is_reached(&results) {
            let begin = results.len();
            let rows: Vec<usize> = (begin..samples.len().min(begin + self.config.block.max(1))).collect();
            let here = &positions[begin..begin + rows.len()];
            let at = CampaignProgress {
                done: begin,
                images: samples.len(),
                robust: robust(&results),
                group: rows.len(),
                attacks: self.config.attacks.len(),
                task: Task::Score,
            };
            let tell = &mut |task| on_progress(&CampaignProgress { task, ..at });
            let found = group::attack(self, oracle, &samples.select(&rows)?, here, tell);
            if let (Err(_), Some(tape)) = (&found, oracle.tape()) {
                tape.flush()?;
            }
            let mut found = found?;
            // Where to stop must not depend on the groups.
            for (i, result) in found.results.iter().enumerate() {
                results.push(result.clone());
                if until.is_reached(&results) {
                    found.results.truncate(i + 1);
                    break;
                }
            }
            files.append(&found)?;
            if let Some(tape) = oracle.tape() {
                tape.clear()?;
            }
        }
        Ok(results)
    }
}

impl Until {
    fn is_reached(self, results: &[ImageResult]) -> bool {
        let Self::Interval(most) = self else {
            return false;
        };
        let (low, high) = wilson(robust(results), results.len());
        0.5 * (high - low) <= most
    }
}

fn robust(results: &[ImageResult]) -> usize {
    results.iter().filter(|result| result.record.is_robust()).count()
}
