//! Steps of training: in one pass and in several, on clean and on adversarial images.

use crate::attacks::Draw;
use crate::autograd::Var;
use crate::data::{Dataset, Source, Split};
use crate::device::Device;
use crate::ensemble::{MultiResolution, SelfEnsemble, Stream};
use crate::nn::{Init, Linear, Mode, Module, Pass, SlotKind};
use crate::ops::Precision;
use crate::replicate::files::untrained;
use crate::replicate::step::{Batch, StepSettings};
use crate::replicate::training::{EpochMetrics, Learner, Schedule, Step, Task, train};
use crate::replicate::{AdversarialTraining, Config, Silent};
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

const EPS: f64 = 8.0 / 255.0;

/// A learner without batch normalisation.
struct LinearLearner(Linear);

impl Learner for LinearLearner {
    fn module(&mut self) -> &mut dyn Module {
        &mut self.0
    }

    fn forward(&self, images: &Var, _: &[Draw], mut pass: Pass) -> Result<Step> {
        let logits = self.0.forward(&images.flatten()?, &mut pass)?;
        Ok(Step {
            logits,
            pass,
            beside: None,
        })
    }

    fn test(&self, _: &Split, _: &Device, _: u16) -> Result<Option<f64>> {
        Ok(None)
    }
}

fn data() -> Result<Dataset> {
    Source::Drawn {
        seed: 0,
        train: 24,
        test: 2,
    }
    .open()
}

fn ensemble() -> Result<SelfEnsemble> {
    let mut config = Config::preset("pocket")?;
    config.backbone.stem_width = 4;
    config.backbone.widths = vec![4, 8];
    config.backbone.blocks = vec![1, 1];
    config.heads.layers = vec![2, 4];
    untrained(&config, 32, 12)
}

fn draws(images: usize) -> Vec<Draw> {
    let draw = |image| Stream::TrainBackbone.draw(image as u32, 1, 0);
    (0..images).map(draw).collect()
}

fn settings(micro_batch: Option<usize>, adversarial: Option<AdversarialTraining>) -> StepSettings {
    StepSettings {
        micro_batch,
        adversarial,
        precision: Precision::F32,
    }
}

/// Tensors of one kind, one after another.
fn values(module: &mut dyn Module, kind: SlotKind) -> Result<Vec<f32>> {
    let mut all = Vec::new();
    module.visit("", &mut |slot| {
        if slot.kind == kind {
            all.extend(slot.parameter.value.to_vec()?);
        }
        Ok(())
    })?;
    Ok(all)
}

#[test]
fn without_batch_norm_several_passes_give_the_gradient_of_the_whole_batch() -> Result<()> {
    let split = data()?.train;
    let (labels, draws) = (split.labels_of(&(0..10).collect::<Vec<_>>()), draws(10));
    let batch = Batch {
        images: split.batch(&(0..10).collect::<Vec<_>>())?,
        labels: &labels,
        draws: &draws,
    };
    let mut learner = LinearLearner(Linear::new(&mut Init::new(0), 32 * 32 * 3, 12)?);
    let (whole, expected) = settings(None, None).gradients(&mut learner, &batch)?;
    // The last pass has half as many images.
    let (parts, found) = settings(Some(4), None).gradients(&mut learner, &batch)?;
    assert!((whole.loss - parts.loss).abs() < 1e-6 && whole.right == parts.right);
    assert_eq!(expected.len(), 2);
    for (parameter, expected) in expected {
        let (expected, found) = (expected.to_vec()?, found[&parameter].to_vec()?);
        let largest = expected.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
        for (a, b) in expected.iter().zip(&found) {
            assert!((a - b).abs() <= 1e-5 * largest, "{a} {b}");
        }
    }
    Ok(())
}

#[test]
fn every_pass_moves_the_running_statistics_once() -> Result<()> {
    let split = data()?.train;
    let (labels, draws) = (split.labels_of(&(0..8).collect::<Vec<_>>()), draws(8));
    let images: Tensor = split.batch(&(0..8).collect::<Vec<_>>())?;
    let batch = Batch {
        images: images.clone(),
        labels: &labels,
        draws: &draws,
    };
    let mut stepped = ensemble()?.backbone;
    settings(Some(4), None).gradients(&mut stepped, &batch)?;
    let mut by_hand = ensemble()?.backbone;
    for first in [0, 4] {
        let mut pass = Pass::train();
        let part = Var::constant(images.rows(first, 4)?);
        by_hand.logits(&part, &draws[first..first + 4], 0, &mut pass)?;
        pass.commit(&mut by_hand)?;
    }
    assert_eq!(
        values(&mut stepped, SlotKind::Buffer)?,
        values(&mut by_hand, SlotKind::Buffer)?
    );
    Ok(())
}

/// The summed loss of a training pass, nothing committed.
fn loss(backbone: &MultiResolution, images: &Tensor, labels: &[usize], draws: &[Draw]) -> Result<f32> {
    let mut pass = Pass::new(Mode::Train, false);
    let logits = backbone.logits(&Var::constant(images.clone()), draws, 0, &mut pass)?;
    Ok(logits.cross_entropy(labels)?.value().to_vec()?.iter().sum())
}

#[test]
fn adversarial_images_are_in_the_ball_and_harder() -> Result<()> {
    let split = data()?.train;
    let (labels, draws) = (split.labels_of(&(0..8).collect::<Vec<_>>()), draws(8));
    let images: Tensor = split.batch(&(0..8).collect::<Vec<_>>())?;
    let mut backbone = ensemble()?.backbone;
    let before = values(&mut backbone, SlotKind::Buffer)?;
    let moved =
        AdversarialTraining::fgsm(EPS).perturbed(&backbone, &images, &labels, &draws, Precision::F32)?;
    let change = |(a, b): (&f32, &f32)| (a - b).abs();
    let changes: Vec<f32> = moved
        .to_vec()?
        .iter()
        .zip(&images.to_vec()?)
        .map(change)
        .collect();
    assert!(changes.iter().all(|&change| f64::from(change) <= EPS + 1e-6));
    assert!(
        changes
            .iter()
            .filter(|&&change| f64::from(change) > 0.9 * EPS)
            .count()
            > changes.len() / 2
    );
    assert!(moved.to_vec()?.iter().all(|value| (0.0..=1.0).contains(value)));
    let [clean, attacked] = [&images, &moved].map(|images| loss(&backbone, images, &labels, &draws));
    let (clean, attacked) = (clean?, attacked?);
    assert!(attacked > clean + 0.1, "{clean} → {attacked}");
    assert_eq!(
        values(&mut backbone, SlotKind::Buffer)?,
        before,
        "nothing is learned yet"
    );
    Ok(())
}

fn train_backbone(backbone: &mut dyn Learner, epochs: u16, checkpoint: &Path) -> Result<Vec<EpochMetrics>> {
    let task = Task {
        stage: "backbone".into(),
        stream: Stream::TrainBackbone,
        part: 0,
        seed: 0,
        checkpoint,
        save_every: Duration::ZERO,
        config_hash: "hash",
        resume_advice: "",
        device: &Device::Cpu,
        precision: Precision::F32,
    };
    let schedule = Schedule {
        epochs,
        batch: 10,
        lr: 0.01,
        cosine: false,
        micro_batch: Some(4),
        adversarial: Some(AdversarialTraining::fgsm(EPS)),
    };
    let data = data()?;
    let splits = [&data.train, &data.test];
    train(backbone, &task, schedule, splits, &Silent, &mut |_| Ok(()))
}

#[test]
fn adversarial_training_in_several_passes_goes_on_to_the_same_bits() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("test", "make a folder", e))?;
    let path = |name: &str| folder.path().join(name);
    let mut whole = ensemble()?.backbone;
    let metrics = train_backbone(&mut whole, 2, &path("whole"))?;
    train_backbone(&mut ensemble()?.backbone, 1, &path("parts"))?;
    let mut parts = ensemble()?.backbone;
    assert_eq!(train_backbone(&mut parts, 2, &path("parts"))?, metrics);
    for kind in [SlotKind::Parameter, SlotKind::Buffer] {
        assert_eq!(values(&mut whole, kind)?, values(&mut parts, kind)?);
    }
    Ok(())
}

/// A backbone that fails after so many passes, as a killed process does.
struct Mortal {
    backbone: MultiResolution,
    left: Cell<u32>,
}

impl Learner for Mortal {
    fn module(&mut self) -> &mut dyn Module {
        self.backbone.module()
    }

    fn forward(&self, images: &Var, draws: &[Draw], pass: Pass) -> Result<Step> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(Error::Usage("killed".into()));
        };
        self.left.set(left);
        Learner::forward(&self.backbone, images, draws, pass)
    }

    fn test(&self, test: &Split, device: &Device, epoch: u16) -> Result<Option<f64>> {
        self.backbone.test(test, device, epoch)
    }
}

#[test]
fn training_that_dies_in_any_step_goes_on_to_the_same_bits() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("test", "make a folder", e))?;
    let path = |name: &str| folder.path().join(name);
    let mut whole = ensemble()?.backbone;
    let metrics = train_backbone(&mut whole, 2, &path("whole"))?;
    let (mut deaths, mut passes) = (0, 7);
    loop {
        let mut mortal = Mortal {
            backbone: ensemble()?.backbone,
            left: Cell::new(passes),
        };
        match train_backbone(&mut mortal, 2, &path("parts")) {
            Err(_) => deaths += 1,
            Ok(found) => {
                assert_eq!(found, metrics);
                for kind in [SlotKind::Parameter, SlotKind::Buffer] {
                    assert_eq!(values(&mut whole, kind)?, values(&mut mortal.backbone, kind)?);
                }
                break;
            }
        }
        // Each life gets a few passes farther than the last one did, or not.
        passes = 7 + (passes * 5) % 7;
        assert!(deaths < 50, "no step is ever finished");
    }
    assert!(deaths > 2, "{deaths} deaths show little");
    Ok(())
}
