//! PGD on the ensemble's mean-logit surrogate, scored on the ensemble itself: the attack under
//! which published evaluations saw the defence fall. All images are attacked, also those that one
//! draw gets wrong.

use super::attack::{AttackTask, to_u16};
use crate::attacks::{
    AttackSlot, Evaluation, LabelledImages, LinfBall, Oracle, PgdConfig, RedrawnAccuracy, SeededStarts, pgd,
    redrawn_accuracy,
};
use crate::ensemble::{Aggregation, EnsembleClassifier, SelfEnsemble};
use crate::io::{Stored, TensorFile};
use crate::replicate::checkpoint::check_hash;
use crate::replicate::{Reporter, check_stop};
use crate::tensor::Tensor;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the surrogate attack left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SurrogateAttack {
    /// Accuracy of the ensemble on the clean images over draws.
    pub clean: RedrawnAccuracy,
    /// Accuracy of the ensemble on the attacked images over draws.
    pub attacked: RedrawnAccuracy,
    /// Step size.
    pub step_size: f64,
}

/// Attacks in blocks, saving the images after each; going on from the saved ones.
pub(crate) fn run(
    ensemble: &SelfEnsemble,
    samples: &LabelledImages,
    task: &AttackTask<'_>,
    reporter: &dyn Reporter,
) -> Result<SurrogateAttack> {
    let config = PgdConfig {
        eot: to_u16(task.config.eot),
        ..PgdConfig::new(task.config.eps, to_u16(task.config.iterations))
    };
    let surrogate = EnsembleClassifier::new(ensemble, Aggregation::Mean)?.with_precision(task.search);
    let oracle = Oracle::new(&surrogate, task.config.sub_batch)?;
    let starts = SeededStarts::new(task.seed);
    let mut done = load(task, samples)?;
    let total = samples.len() * usize::from(config.steps);
    reporter.begin(
        &format!("PGD on the mean-logit surrogate of {}", task.what),
        total as u64,
        "image steps",
    );
    for first in (0..samples.len()).step_by(task.config.block) {
        let block: Vec<usize> = (first..samples.len().min(first + task.config.block)).collect();
        if done.iter().map(|part| part.shape().axis(0)).sum::<usize>() > first {
            continue;
        }
        let clean = samples.select(&block)?;
        let found = pgd(&oracle, &starts, &clean, &config, &mut |search| {
            check_stop(task.resume_advice)?;
            let steps = first * usize::from(config.steps) + usize::from(search.iteration) * block.len();
            let state = format!("{} of {} fooled the surrogate", search.fooled, search.images);
            reporter.advance(steps as u64, &state);
            Ok(())
        })?;
        LinfBall::new(config.eps)?.check(&clean, &found)?;
        done.push(found);
        save(task, &Tensor::stack_rows(&done)?)?;
    }
    reporter.end();
    let target = EnsembleClassifier::new(ensemble, Aggregation::CrossMax)?;
    let oracle = Oracle::new(&target, task.config.sub_batch)?;
    let repeats = to_u16(task.config.reevaluations);
    let attacked = samples.with_images(Tensor::stack_rows(&done)?)?;
    let result = SurrogateAttack {
        clean: redrawn_accuracy(&oracle, samples, Evaluation::Initial, repeats)?,
        attacked: redrawn_accuracy(&oracle, &attacked, Evaluation::After(AttackSlot::PGD), repeats)?,
        step_size: config.step_size,
    };
    reporter.line(&format!(
        "{} under PGD on its surrogate: clean {:.2} ± {:.2} % → {:.2} ± {:.2} % (over {repeats} draws)",
        task.what,
        100.0 * result.clean.mean,
        100.0 * result.clean.std,
        100.0 * result.attacked.mean,
        100.0 * result.attacked.std
    ));
    Ok(result)
}

const IMAGES: &str = "adversarial";

fn save(task: &AttackTask<'_>, images: &Tensor) -> Result<()> {
    TensorFile {
        tensors: BTreeMap::from([(IMAGES.to_owned(), Stored::F32(images.clone()))]),
        metadata: BTreeMap::from([("config".to_owned(), task.config_hash.to_owned())]),
    }
    .save(task.state)
}

/// The images of whole blocks that were attacked before.
fn load(task: &AttackTask<'_>, samples: &LabelledImages) -> Result<Vec<Tensor>> {
    if !task.state.exists() {
        return Ok(Vec::new());
    }
    let file = TensorFile::load(task.state)?;
    check_hash(task.state, &file, task.config_hash)?;
    let refuse = |found: String| {
        let expected = format!("perturbed images {} or fewer of them", samples.images().shape());
        let advice = "delete the file to begin the attack again";
        Error::format(task.state, expected, found, advice)
    };
    let Some(Stored::F32(images)) = file.tensors.get(IMAGES) else {
        return Err(refuse("none".into()));
    };
    let row = samples.images().shape().with_first(1);
    let images = images.beside(samples.images())?;
    if images.shape().with_first(1) != row || images.dims()[0] > samples.len() {
        return Err(refuse(images.shape().to_string()));
    }
    let attacked: Vec<usize> = (0..images.dims()[0]).collect();
    LinfBall::new(task.config.eps)?
        .check(&samples.select(&attacked)?, &images)
        .map_err(|_| refuse("images that are not perturbations of these".into()))?;
    Ok(vec![images])
}
