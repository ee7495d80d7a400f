//! AutoAttack (Croce & Hein 2020, arXiv 2003.01690): several attacks one after the other, each on what is still robust.

mod config;
mod looks;
mod report;
mod state;

use config::Attack;
pub use config::{AttackKind, AutoAttackConfig, Version};
pub use looks::Looks;
pub use report::{AutoAttackReport, Share};
pub use state::{AutoAttackState, Break, ImageRecord};

use super::oracle::predicted_classes;
use super::rows::row_len;
use super::{
    AttackSource, Ball, Evaluation, LabelledImages, OnIteration, Oracle, Perturbed, SearchProgress, fab,
    perturb, square,
};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Where AutoAttack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoAttackProgress {
    /// The attack under way.
    pub attack: AttackKind,
    /// Its number among the attacks, from 0.
    pub attack_index: usize,
    /// Its block, from 0.
    pub block: usize,
    /// Number of blocks of every attack.
    pub blocks: usize,
    /// Images that no finished block broke.
    pub robust: usize,
    /// The search in this block.
    pub search: SearchProgress,
}

/// Receives the state after a block, to save it; an error it returns ends the run.
pub type OnBlock<'a, T> = dyn FnMut(&AutoAttackState<T>) -> Result<()> + 'a;

/// Called after every iteration; an error it returns ends the run.
pub type OnProgress<'a> = dyn FnMut(&AutoAttackProgress) -> Result<()> + 'a;

/// Runs AutoAttack (Croce & Hein 2020, arXiv 2003.01690) on `samples`, or goes on from `resume`.
///
/// As in the reference code (fra31/auto-attack at a392200):
///
/// * Images that are wrong on one draw before all attacks are never attacked and stay clean.
/// * The attacks run one after the other on the images that are still robust, always from the clean image.
/// * An image is broken if what the attack returned is misclassified on *one* fresh draw.
/// * The result is the adversarial image where it broke, else the clean one.
///
/// These faults of that code are mended, unless [`AutoAttackConfig::compat`] asks for them; those of single attacks are
/// listed at [`Apgd`](super::Apgd), [`perturb`], [`square()`](super::square()) and [`fab()`](super::fab()):
///
/// | | there, and in compat mode | here |
/// | --- | --- | --- |
/// | an attack that found nothing | returns the clean image, which counts as broken if a random draw of it is wrong | breaks nothing |
/// | an image that is wrong on the look with which an attack begins | is not searched | is searched, for the next draw may be right |
/// | a gradient of 0 after the start | passes unnoticed | is noted, see [`ImageRecord::zero_gradient`] |
///
/// In these it is always different:
///
/// | there | here |
/// | --- | --- |
/// | random numbers are seeded anew for every batch: results depend on the batch | every image has its own numbers, by its id; a source of one's own may share them |
/// | a state that was saved cannot be read again | going on from any saved state gives the same bits |
/// | FAB after FAB-T has one restart, for FAB-T lowers what both share | FAB has its own restarts, in any order |
/// | the norm is printed | an image outside the ball ends the run with an error |
/// | the bound on the number of targets is a warning, and the program ends | there are as many targets as other classes at most |
/// | a classifier that is random and does not say so is found by looking five times, and a warning printed | the run ends with an error, for a single draw would stand for all |
///
/// One thing is as there, since it defines the published number, and must be read with care: images that are wrong on the first
/// draw, and those that no search broke, stay clean in the result, so that new draws of it mix attacked and clean images. For a
/// random classifier the accuracy under attack is lower. The ladder of [`audit`](crate::audit) attacks all images, keeps the best
/// point of every search, and gives that accuracy.
///
/// The fraction never broken is one of two published numbers; the other is the accuracy on the
/// resulting images, unattacked ones included, with new draws:
/// [`redrawn_accuracy`](super::redrawn_accuracy) with [`Evaluation::AfterAutoAttack`].
///
/// The state is offered to `on_block` once at the beginning, with the initial predictions, and
/// after every block. Going on from any of these states gives the same result to the bit, with the
/// same classifier and starts.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) for settings or labels out of range, too few
/// classes for DLR, a state that belongs to another run, or an adversarial image outside the
/// threat model; those of [`Oracle::appraise`], of the starts and of the callbacks.
pub fn autoattack<T: Element>(
    oracle: &Oracle<'_, T>,
    source: &dyn AttackSource<T>,
    samples: &LabelledImages<T>,
    config: &AutoAttackConfig,
    resume: Option<AutoAttackState<T>>,
    on_block: &mut OnBlock<'_, T>,
    on_progress: &mut OnProgress<'_>,
) -> Result<AutoAttackState<T>> {
    config.check(oracle.classes())?;
    samples.check_labels(oracle.classes())?;
    let mut state = match resume {
        Some(state) => {
            let state = state.on(&samples.images().device())?;
            if let Some(found) = state.misfit(config, samples)? {
                let expected = "a state of the same settings and images";
                return Err(Error::argument("AutoAttack", "resume", expected, found));
            }
            state
        }
        None => {
            let state = initial_state(oracle, samples, config)?;
            on_block(&state)?;
            state
        }
    };
    while !state.is_finished() {
        run_block(oracle, source, samples, &mut state, on_progress)?;
        state.advance();
        on_block(&state)?;
    }
    Ok(state)
}

fn initial_state<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    config: &AutoAttackConfig,
) -> Result<AutoAttackState<T>> {
    let draws: Vec<_> = samples
        .ids()
        .iter()
        .map(|&id| Evaluation::Initial.draw(id, 0))
        .collect();
    let logits = oracle.logits(samples.images(), &draws)?;
    let predictions = predicted_classes(&logits)?.into_iter();
    let initial: Vec<_> = predictions.zip(look_like_probabilities(&logits)?).collect();
    refuse_hidden_draws(oracle, samples, &logits)?;
    Ok(AutoAttackState::new(config, samples, &initial, oracle.classes()))
}

/// Runs the state's next attack on the robust images of its next block.
fn run_block<T: Element>(
    oracle: &Oracle<'_, T>,
    source: &dyn AttackSource<T>,
    samples: &LabelledImages<T>,
    state: &mut AutoAttackState<T>,
    on_progress: &mut OnProgress<'_>,
) -> Result<()> {
    let ledger = &state.ledger;
    let (attack_index, block, size) = (ledger.attack, ledger.block, ledger.config.block);
    let attack = ledger.config.attacks[attack_index];
    let ball = Ball::new(ledger.config.norm, ledger.config.eps)?;
    let config = ledger.config.attack(attack);
    let slot = attack.slot();
    let members = block * size..samples.len().min((block + 1) * size);
    let robust: Vec<usize> = members.filter(|&i| ledger.records[i].is_robust()).collect();
    if robust.is_empty() {
        return Ok(());
    }
    let clean = samples.select(&robust)?;
    let progress = AutoAttackProgress {
        attack,
        attack_index,
        block,
        blocks: samples.len().div_ceil(size),
        robust: state.robust_count(),
        search: SearchProgress::default(),
    };
    let (found, nearest) = run_attack(oracle, source, &clean, &config, &mut |search| {
        on_progress(&AutoAttackProgress {
            search: *search,
            ..progress
        })
    })?;
    ball.check(&clean, &found.images)?;
    let draws: Vec<_> = clean.ids().iter().map(|&id| slot.recheck(id)).collect();
    let rechecks = oracle.predictions(&found.images, &draws)?;
    if let Some(nearest) = nearest {
        let rechecks = oracle.predictions(&nearest.images, &draws)?;
        for (row, (&i, distance)) in robust.iter().zip(nearest.distances).enumerate() {
            if let Some(distance) = distance.filter(|&distance| distance > ball.eps())
                && rechecks[row] != clean.labels()[row]
            {
                state.note_beyond(i, distance);
            }
        }
    }
    let (mut broken, mut rows) = (Vec::new(), Vec::new());
    for (row, &i) in robust.iter().enumerate() {
        if state.note(i, attack, &found.outcomes[row], rechecks[row]) {
            broken.push(i);
            rows.push(row);
        }
    }
    state.adversarial.replace_rows(&broken, &found.images, &rows)
}

fn run_attack<T: Element>(
    oracle: &Oracle<'_, T>,
    source: &dyn AttackSource<T>,
    clean: &LabelledImages<T>,
    config: &Attack,
    on_iteration: &mut OnIteration<'_>,
) -> Result<(Perturbed<T>, Option<Nearest<T>>)> {
    Ok(match config {
        Attack::Apgd(config) => (perturb(oracle, source, clean, config, on_iteration)?, None),
        Attack::Fab(config) => {
            let found = fab(oracle, source, clean, config, on_iteration)?;
            let nearest = Nearest {
                images: found.nearest,
                distances: found.distances,
            };
            (found.perturbed, Some(nearest))
        }
        Attack::Square(config) => (square(oracle, source, clean, config, on_iteration)?, None),
    })
}

/// The nearest misclassified images that FAB found, at whatever distance.
struct Nearest<T: Element> {
    images: Tensor<T>,
    distances: Vec<Option<f64>>,
}

/// Images on which a classifier that says it is deterministic is asked again.
const ASKED_AGAIN: usize = 8;

/// Refuses a classifier that says it is deterministic, but whose `logits` of the first draw are not those of another.
fn refuse_hidden_draws<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    logits: &Tensor<T>,
) -> Result<()> {
    if oracle.is_random() || samples.len() == 0 {
        return Ok(());
    }
    let few: Vec<usize> = (0..samples.len().min(ASKED_AGAIN)).collect();
    let few = samples.select(&few)?;
    let draws: Vec<_> = few
        .ids()
        .iter()
        .map(|&id| Evaluation::Initial.draw(id, 1))
        .collect();
    let again = oracle.logits(few.images(), &draws)?.to_vec()?;
    match logits.to_vec()?.starts_with(&again) {
        true => Ok(()),
        false => Err(Error::argument(
            "AutoAttack",
            "classifier",
            "the same logits of every draw, for it says that it is not random (`Classifier::is_random`)",
            "others",
        )),
    }
}

/// Which rows of [N, classes] are in [0, 1] and sum to 1, within AutoAttack's 1e-5.
fn look_like_probabilities<T: Element>(logits: &Tensor<T>) -> Result<Vec<bool>> {
    const ALPHA: f64 = 1e-5;
    let here = logits.to_host()?;
    let rows = here.host("autoattack")?.chunks_exact(row_len(logits));
    let look = |row: &[T]| {
        let in_range = row.iter().all(|p| (-ALPHA..1.0 + ALPHA).contains(&p.as_f64()));
        let sum: f64 = row.iter().map(|p| p.as_f64()).sum();
        in_range && (sum - 1.0).abs() < ALPHA
    };
    Ok(rows.map(look).collect())
}
