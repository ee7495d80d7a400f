//! AutoAttack `rand` on a classifier, with its state saved after every block.

use crate::attacks::{
    AutoAttackConfig, AutoAttackReport, AutoAttackState, Classifier, Evaluation, LabelledImages, Oracle,
    RedrawnAccuracy, SeededStarts, autoattack, redrawn_accuracy,
};
use crate::io::{Stored, TensorFile};
use crate::ops::Precision;
use crate::replicate::checkpoint::check_hash;
use crate::replicate::{AttackConfig, Reporter, check_stop};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Both numbers of an attack: never broken, and re-drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attacked {
    /// Accuracies after each attack.
    pub report: AutoAttackReport,
    /// Accuracy of the final images on fresh draws.
    pub reevaluated: RedrawnAccuracy,
}

/// What an attack stage needs beside the classifier.
pub(crate) struct AttackTask<'a> {
    /// Name of what is attacked, for people.
    pub what: &'a str,
    /// Settings.
    pub config: &'a AttackConfig,
    /// Seed of the run.
    pub seed: u64,
    /// Where the state is kept.
    pub state: &'a Path,
    /// Hash that the state must carry.
    pub config_hash: &'a str,
    /// How to go on after an interruption.
    pub resume_advice: &'a str,
    /// Format of the search's products, which the device has.
    pub search: Precision,
}

impl AttackTask<'_> {
    fn autoattack(&self) -> AutoAttackConfig {
        AutoAttackConfig {
            iterations: to_u16(self.config.iterations),
            eot: to_u16(self.config.eot),
            block: self.config.block,
            ..AutoAttackConfig::rand(self.config.eps)
        }
    }
}

/// A count that `Config::check` has bounded.
pub(crate) fn to_u16(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// Runs AutoAttack, going on from the saved state if there is one; the final state and numbers. The
/// search follows `search`, the same classifier in the precision of the search; `classifier` decides.
pub(crate) fn run(
    [classifier, search]: [&dyn Classifier; 2],
    samples: &LabelledImages,
    task: &AttackTask<'_>,
    reporter: &dyn Reporter,
) -> Result<(AutoAttackState, Attacked)> {
    let oracle = Oracle::new(classifier, task.config.sub_batch)?.searching(search)?;
    let config = task.autoattack();
    let resume = load_state(task, samples)?;
    let total = config.attacks.len() * usize::from(config.iterations) * samples.len();
    reporter.begin(
        &format!("AutoAttack rand on {}", task.what),
        total as u64,
        "image steps",
    );
    let state = autoattack(
        &oracle,
        &SeededStarts::new(task.seed),
        samples,
        &config,
        resume,
        &mut |state| save_state(state, task),
        &mut |progress| {
            check_stop(task.resume_advice)?;
            let before = progress.attack_index * samples.len() + progress.block * config.block;
            let block = config
                .block
                .min(samples.len().saturating_sub(progress.block * config.block));
            let share = f64::from(progress.search.iteration) / f64::from(config.iterations);
            let done = (before as f64 + share * block as f64) * f64::from(config.iterations);
            let fooled = progress.search.fooled;
            let state = format!(
                "{} block {}/{}, {fooled} of {} fooled, {} not broken so far",
                progress.attack,
                progress.block + 1,
                progress.blocks,
                progress.search.images,
                progress.robust
            );
            reporter.advance(done as u64, &state);
            Ok(())
        },
    )?;
    reporter.end();
    let report = AutoAttackReport::new(&state, classifier.is_random());
    let finals = samples.with_images(state.adversarial().clone())?;
    let repeats = to_u16(task.config.reevaluations);
    let reevaluated = redrawn_accuracy(&oracle, &finals, Evaluation::AfterAutoAttack, repeats)?;
    reporter.line(&describe(task.what, &report, &reevaluated));
    Ok((state, Attacked { report, reevaluated }))
}

/// One line: every accuracy with the attack that produced it.
fn describe(what: &str, report: &AutoAttackReport, reevaluated: &RedrawnAccuracy) -> String {
    let mut text = format!("{what}: initial {:.2} %", 100.0 * report.initial.fraction);
    for (attack, share) in &report.after {
        text.push_str(&format!(", after {attack} {:.2} %", 100.0 * share.fraction));
    }
    text.push_str(&format!(
        "; never broken {}/{}, re-drawn {:.2} ± {:.2} %",
        report.robust.count,
        report.robust.of,
        100.0 * reevaluated.mean,
        100.0 * reevaluated.std
    ));
    text
}

fn save_state(state: &AutoAttackState, task: &AttackTask<'_>) -> Result<()> {
    let mut file = state.to_file()?;
    file.metadata.insert("config".into(), task.config_hash.into());
    file.save(task.state)
}

/// The state saved at the task's path, if there is one, with its images where the samples are.
pub(crate) fn load_state(task: &AttackTask<'_>, samples: &LabelledImages) -> Result<Option<AutoAttackState>> {
    if !task.state.exists() {
        return Ok(None);
    }
    let file = TensorFile::load(task.state)?;
    check_hash(task.state, &file, task.config_hash)?;
    let state = AutoAttackState::from_file(&file, task.state)?.on(&samples.images().device())?;
    match state.misfit(&task.autoattack(), samples)? {
        None => Ok(Some(state)),
        Some(found) => {
            let advice = "delete the file to begin the attack again";
            let expected = "the state of this run's attack";
            Err(Error::format(task.state, expected, found, advice))
        }
    }
}

/// Writes clean and adversarial images (N,3,H,W), labels, ids and flags for other programs.
pub(crate) fn export(path: &Path, samples: &LabelledImages, state: &AutoAttackState) -> Result<()> {
    let n = samples.len();
    let ints = |values: Vec<i64>| Stored::Int([n].into(), values);
    let records = state.records();
    let tensors = BTreeMap::from([
        ("clean".to_owned(), Stored::F32(samples.images().nhwc_to_nchw()?)),
        (
            "images".to_owned(),
            Stored::F32(state.adversarial().nhwc_to_nchw()?),
        ),
        (
            "labels".to_owned(),
            ints(samples.labels().iter().map(|&label| label as i64).collect()),
        ),
        (
            "ids".to_owned(),
            ints(samples.ids().iter().map(|&id| id.into()).collect()),
        ),
        (
            "initially_right".to_owned(),
            ints(
                records
                    .iter()
                    .map(|record| record.initially_right().into())
                    .collect(),
            ),
        ),
        (
            "never_broken".to_owned(),
            ints(records.iter().map(|record| record.is_robust().into()).collect()),
        ),
    ]);
    TensorFile {
        tensors,
        metadata: BTreeMap::new(),
    }
    .save(path)
}
