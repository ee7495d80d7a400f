//! What the training of heads moves, and what it leaves alone.

use crate::Result;
use crate::data::{Dataset, Source};
use crate::device::Device;
use crate::ensemble::{HeadBatchNorm, SelfEnsemble, Stream};
use crate::nn::{Module, SlotKind};
use crate::ops::Precision;
use crate::replicate::files::untrained;
use crate::replicate::stages::heads::HeadLearner;
use crate::replicate::training::{EpochMetrics, Schedule, Task, train};
use crate::replicate::{Config, Silent};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The bits of every tensor by name, and whether it is a parameter or a running statistic.
type Tensors = BTreeMap<String, (SlotKind, Vec<u32>)>;

fn tensors(ensemble: &mut SelfEnsemble) -> Result<Tensors> {
    let mut found = Tensors::new();
    ensemble.visit("", &mut |slot| {
        let bits = slot
            .parameter
            .value
            .to_vec()?
            .into_iter()
            .map(f32::to_bits)
            .collect();
        found.insert(slot.name, (slot.kind, bits));
        Ok(())
    })?;
    Ok(found)
}

fn config(head_batch_norm: HeadBatchNorm) -> Config {
    let mut config = Config::preset("pocket").unwrap();
    config.backbone.stem_width = 4;
    config.backbone.widths = vec![4, 8];
    config.backbone.blocks = vec![1, 1];
    config.heads.layers = vec![2, 4];
    config.method.head_batch_norm = head_batch_norm;
    config
}

fn data(train: usize) -> Result<Dataset> {
    let seed = 0;
    Source::Drawn { seed, train, test: 2 }.open()
}

/// Trains head number 0 of `ensemble`, on layer 2, for `epochs` in batches of 8.
fn train_head(
    ensemble: &mut SelfEnsemble,
    data: &Dataset,
    epochs: u16,
    checkpoint: &Path,
) -> Result<Vec<EpochMetrics>> {
    let task = Task {
        stage: "head 2".into(),
        stream: Stream::TrainHead,
        part: 2,
        seed: 0,
        checkpoint,
        save_every: Duration::MAX,
        config_hash: "hash",
        resume_advice: "",
        device: &Device::Cpu,
        precision: Precision::F32,
    };
    let schedule = Schedule {
        epochs,
        batch: 8,
        lr: 0.01,
        cosine: false,
        micro_batch: None,
        adversarial: None,
    };
    let mut learner = HeadLearner::new(ensemble, 0)?;
    train(
        &mut learner,
        &task,
        schedule,
        [&data.train, &data.test],
        &Silent,
        &mut |_| Ok(()),
    )
}

#[test]
fn running_statistics_drift_or_not_and_weights_of_the_backbone_never_move() -> Result<()> {
    let data = data(24)?;
    for head_batch_norm in [HeadBatchNorm::Drifting, HeadBatchNorm::Frozen] {
        let folder = tempfile::tempdir().map_err(|e| crate::Error::io("test", "make a folder", e))?;
        let mut ensemble = untrained(&config(head_batch_norm), 32, data.classes.len())?;
        let before = tensors(&mut ensemble)?;
        train_head(&mut ensemble, &data, 1, &folder.path().join("head.safetensors"))?;
        for (name, (kind, after)) in tensors(&mut ensemble)? {
            let drifting = kind == SlotKind::Buffer && head_batch_norm == HeadBatchNorm::Drifting;
            // All of the backbone's statistics drift, also those behind the head's layer.
            let moves = name.starts_with("head2.") || drifting && name.starts_with("backbone.");
            assert_eq!(after != before[&name].1, moves, "{name}, {head_batch_norm:?}");
        }
    }
    Ok(())
}

#[test]
fn training_goes_on_from_its_checkpoint_to_the_same_bits() -> Result<()> {
    let data = data(24)?;
    let folder = tempfile::tempdir().map_err(|e| crate::Error::io("test", "make a folder", e))?;
    let path = |name: &str| folder.path().join(name);
    let fresh = || untrained(&config(HeadBatchNorm::Drifting), 32, data.classes.len());
    let mut whole = fresh()?;
    let metrics = train_head(&mut whole, &data, 3, &path("whole"))?;
    assert_eq!(
        metrics.iter().map(|line| line.epoch).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    train_head(&mut fresh()?, &data, 1, &path("parts"))?;
    // Each part begins in a new process, so to say: only the checkpoint connects them.
    train_head(&mut fresh()?, &data, 2, &path("parts"))?;
    let mut parts = fresh()?;
    assert_eq!(train_head(&mut parts, &data, 3, &path("parts"))?, metrics);
    assert!(tensors(&mut parts)? == tensors(&mut whole)?, "other bits");
    Ok(())
}

#[test]
fn a_last_batch_of_one_image_is_left_out() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| crate::Error::io("test", "make a folder", e))?;
    let data = data(9)?;
    let mut ensemble = untrained(&config(HeadBatchNorm::Frozen), 32, data.classes.len())?;
    let metrics = train_head(&mut ensemble, &data, 1, &folder.path().join("head"))?;
    let of_eight = metrics[0].train_accuracy * 8.0;
    assert_eq!(of_eight, of_eight.round());
    Ok(())
}
