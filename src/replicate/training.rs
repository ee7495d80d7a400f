//! Training loops: one epoch at a time, a checkpoint after each, and within it as often as is cheap.

use super::checkpoint::{self, Checkpoint, UnderWay};
use super::step::{Batch, Learned, StepSettings};
use super::{AdversarialTraining, Reporter, check_stop, stop_requested};
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::data::Split;
use crate::device::Device;
use crate::ensemble::Stream;
use crate::nn::{Module, Pass};
use crate::ops::Precision;
use crate::optim::{Adam, Optimiser};
use crate::tensor::{Counter, Philox, Purpose};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a training pass through a learner gives.
pub(super) struct Step {
    /// Logits [N, classes] of the part that learns.
    pub logits: Var,
    /// The pass of the part that learns.
    pub pass: Pass,
    /// The pass of a part that does not learn but whose running statistics may move.
    pub beside: Option<Pass>,
}

/// Something that is trained.
pub(super) trait Learner {
    /// The parameters that are optimised and checkpointed.
    fn module(&mut self) -> &mut dyn Module;

    /// `pass`, a training pass, over images [N,H,W,3].
    fn forward(&self, images: &Var, draws: &[Draw], pass: Pass) -> Result<Step>;

    /// Updates running statistics from a pass.
    fn commit(&mut self, pass: Pass, beside: Option<Pass>) -> Result<()> {
        drop(beside);
        pass.commit(self.module())
    }

    /// Accuracy on the test split after epoch `epoch`, if it is worth measuring every epoch. The module
    /// is on `device`.
    fn test(&self, test: &Split, device: &Device, epoch: u16) -> Result<Option<f64>>;
}

/// How long and how fast.
#[derive(Clone, Copy)]
pub(super) struct Schedule {
    /// Passes over the training images.
    pub epochs: u16,
    /// Images a step.
    pub batch: usize,
    /// Learning rate of Adam.
    pub lr: f64,
    /// Whether it falls to 0 along half a cosine.
    pub cosine: bool,
    /// Images a pass; the whole batch if not given.
    pub micro_batch: Option<usize>,
    /// How images are attacked before they are learned from.
    pub adversarial: Option<AdversarialTraining>,
}

impl Schedule {
    fn rate(&self, step: usize, steps: usize) -> f64 {
        if !self.cosine {
            return self.lr;
        }
        let done = step as f64 / steps.max(1) as f64;
        self.lr * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
    }
}

/// What is known after an epoch; a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// The stage it belongs to.
    pub stage: String,
    /// Epoch, from 1.
    pub epoch: u16,
    /// Mean cross-entropy over the epoch's training batches.
    pub train_loss: f64,
    /// Share of training images classified rightly while training on them.
    pub train_accuracy: f64,
    /// Accuracy on the test split, where measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub test_accuracy: Option<f64>,
}

/// Which part of a run is trained, and from what randomness.
pub(super) struct Task<'a> {
    /// Name of the stage (`backbone`, `head 4`): names metrics, and with the seed the order.
    pub stage: String,
    /// Who draws the views.
    pub stream: Stream,
    /// Number of the head's layer, 0 for the rest: keeps draws and orders apart.
    pub part: u16,
    /// Seed of the run.
    pub seed: u64,
    /// Where the checkpoint is kept.
    pub checkpoint: &'a Path,
    /// The least time between two checkpoints within an epoch; zero: one a step. No influence on the result.
    pub save_every: Duration,
    /// Hash that the checkpoint must carry.
    pub config_hash: &'a str,
    /// How to go on after an interruption.
    pub resume_advice: &'a str,
    /// Where the module is and its images are put.
    pub device: &'a Device,
    /// Format of the products, which the device has.
    pub precision: Precision,
}

/// Trains `learner` on all epochs of `schedule` that its checkpoint does not hold already;
/// returns the metrics of every epoch.
pub(super) fn train(
    learner: &mut dyn Learner,
    task: &Task<'_>,
    schedule: Schedule,
    [train, test]: [&Split; 2],
    reporter: &dyn Reporter,
    after_epoch: &mut dyn FnMut(&[EpochMetrics]) -> Result<()>,
) -> Result<Vec<EpochMetrics>> {
    let mut optimiser = Adam::new(schedule.lr);
    let mut metrics = Vec::new();
    let mut under_way = UnderWay::default();
    if let Some(saved) = checkpoint::load(task.checkpoint, task.config_hash, learner.module())? {
        metrics = saved.metrics;
        under_way = saved.under_way.unwrap_or_default();
        optimiser.restore(saved.optimiser)?;
    }
    let mut pace = Pace::new(task.save_every);
    let steps_an_epoch = batches(train.len(), schedule.batch).count();
    let steps = steps_an_epoch * usize::from(schedule.epochs);
    for epoch in metrics.len() as u16 + 1..=schedule.epochs {
        let what = format!("{} epoch {epoch}/{}", task.stage, schedule.epochs);
        reporter.begin(&what, train.len() as u64, "images");
        let order = Philox::new(task.seed, Purpose::Shuffle).permutation(
            Counter {
                attack: task.stream as u8,
                restart: task.part,
                iteration: epoch,
                ..Counter::default()
            },
            train.len(),
        );
        let mut at = std::mem::take(&mut under_way);
        for (i, range) in batches(train.len(), schedule.batch).enumerate().skip(at.batches) {
            let stops = stop_requested();
            if i > 0 && (stops || pace.is_due()) {
                pace.saved(|| {
                    let saved = Checkpoint {
                        metrics: metrics.clone(),
                        optimiser: optimiser.state(),
                        under_way: Some(at),
                    };
                    checkpoint::save(task.checkpoint, task.config_hash, learner.module(), saved)
                })?;
            }
            if stops {
                check_stop(task.resume_advice)?;
            }
            let ids = &order[range];
            let indices: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
            let draws: Vec<Draw> = ids
                .iter()
                .map(|&image| Draw {
                    restart: task.part,
                    ..task.stream.draw(image, epoch, 0)
                })
                .collect();
            let labels = train.labels_of(&indices);
            let batch = Batch {
                images: train.batch(&indices)?.on(task.device)?,
                labels: &labels,
                draws: &draws,
            };
            let done = (usize::from(epoch) - 1) * steps_an_epoch + i;
            optimiser.set_lr(schedule.rate(done, steps));
            let step = StepSettings {
                micro_batch: schedule.micro_batch,
                adversarial: schedule.adversarial,
                precision: task.precision,
            };
            let Learned {
                loss,
                right: right_now,
            } = step.take(learner, &mut optimiser, &batch)?;
            if !loss.is_finite() {
                return Err(Error::NotFinite {
                    what: format!("{what}, loss of batch {}", i + 1),
                    found: loss.to_string(),
                    advice: "use a smaller learning rate".into(),
                });
            }
            at = UnderWay {
                batches: i + 1,
                loss_sum: at.loss_sum + loss * labels.len() as f64,
                right: at.right + right_now,
                seen: at.seen + labels.len(),
            };
            let state = format!(
                "loss {:.3}, accuracy {:.1} %",
                at.loss_sum / at.seen as f64,
                percent(at.right, at.seen)
            );
            reporter.advance(at.seen as u64, &state);
        }
        let line = EpochMetrics {
            stage: task.stage.clone(),
            epoch,
            train_loss: at.loss_sum / at.seen.max(1) as f64,
            train_accuracy: at.right as f64 / at.seen.max(1) as f64,
            test_accuracy: learner.test(test, task.device, epoch)?,
        };
        reporter.end();
        let tested = line
            .test_accuracy
            .map_or(String::new(), |a| format!(", test {:.2} %", 100.0 * a));
        reporter.line(&format!(
            "{what}: loss {:.4}, train {:.2} %{tested}",
            line.train_loss,
            100.0 * line.train_accuracy
        ));
        metrics.push(line);
        let saved = Checkpoint {
            metrics: metrics.clone(),
            optimiser: optimiser.state(),
            under_way: None,
        };
        pace.saved(|| checkpoint::save(task.checkpoint, task.config_hash, learner.module(), saved))?;
        after_epoch(&metrics)?;
    }
    Ok(metrics)
}

/// When to save within an epoch.
struct Pace {
    least: Duration,
    last: Instant,
    /// How long the last checkpoint took to write.
    cost: Duration,
}

impl Pace {
    /// So many times longer than writing a checkpoint takes, training goes on before the next: writing costs 3 % at most.
    const SHARE: u32 = 30;

    fn new(least: Duration) -> Self {
        Self {
            least,
            last: Instant::now(),
            cost: Duration::ZERO,
        }
    }

    fn is_due(&self) -> bool {
        self.least.is_zero() || self.last.elapsed() >= self.least.max(self.cost * Self::SHARE)
    }

    /// Runs `save`, and takes its time.
    fn saved(&mut self, save: impl FnOnce() -> Result<()>) -> Result<()> {
        let begun = Instant::now();
        save()?;
        self.last = Instant::now();
        self.cost = self.last - begun;
        Ok(())
    }
}

/// Consecutive ranges of `batch` images; a last range of a single image is left out, since batch
/// statistics of one vector do not exist.
fn batches(images: usize, batch: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..images)
        .step_by(batch.max(1))
        .map(move |first| first..(first + batch).min(images))
        .filter(|range| range.len() > 1)
}

fn percent(right: usize, seen: usize) -> f64 {
    100.0 * right as f64 / seen.max(1) as f64
}
