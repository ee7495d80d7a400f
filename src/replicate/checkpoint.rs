//! Checkpoints of training: weights, running statistics, the optimiser's memory, the metrics so far and the place in the
//! epoch, in one atomic file that carries the hash of the configuration it belongs to. Random numbers are counted by epoch and
//! image, so the place in the epoch is their place too.

use super::training::EpochMetrics;
use crate::io::{Stored, TensorFile, load_module, module_tensors};
use crate::nn::Module;
use crate::optim::OptimiserState;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What training needs to go on, beside the module itself.
pub(super) struct Checkpoint {
    /// One entry an epoch done.
    pub metrics: Vec<EpochMetrics>,
    /// Moments and step count.
    pub optimiser: OptimiserState,
    /// How far the epoch after those is; nothing at its beginning.
    pub under_way: Option<UnderWay>,
}

/// An epoch under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnderWay {
    /// Batches done.
    pub batches: usize,
    /// Sum of the images' losses.
    pub loss_sum: f64,
    /// Images classified rightly.
    pub right: usize,
    /// Images learned from.
    pub seen: usize,
}

const MODULE: &str = "module";
const MODULE_PREFIX: &str = "module.";
const OPTIMISER: &str = "optimiser/";
const UNDER_WAY: &str = "epoch";

/// Saves `module` and `checkpoint`.
pub(super) fn save(
    path: &Path,
    config_hash: &str,
    module: &mut dyn Module,
    checkpoint: Checkpoint,
) -> Result<()> {
    let mut tensors = module_tensors(module, MODULE)?;
    for (name, tensor) in checkpoint.optimiser.tensors {
        tensors.insert(format!("{OPTIMISER}{name}"), Stored::F32(tensor));
    }
    let json = |e: serde_json::Error| Error::format(path, "metrics that can be written", e, "report this");
    let mut metadata = BTreeMap::from([
        ("config".to_owned(), config_hash.to_owned()),
        ("steps".to_owned(), checkpoint.optimiser.steps.to_string()),
        (
            "metrics".to_owned(),
            serde_json::to_string(&checkpoint.metrics).map_err(json)?,
        ),
    ]);
    if let Some(under_way) = checkpoint.under_way {
        let told = serde_json::to_string(&under_way).map_err(json)?;
        metadata.insert(UNDER_WAY.to_owned(), told);
    }
    TensorFile { tensors, metadata }.save(path)
}

/// Loads `module` from the checkpoint at `path`; nothing if there is none.
pub(super) fn load(path: &Path, config_hash: &str, module: &mut dyn Module) -> Result<Option<Checkpoint>> {
    if !path.exists() {
        return Ok(None);
    }
    let file = TensorFile::load(path)?;
    check_hash(path, &file, config_hash)?;
    let broken = |what: &str| {
        Error::format(
            path,
            format!("a checkpoint with {what}"),
            "none or a broken one",
            "delete the file to train anew",
        )
    };
    load_module(module, &file, path, MODULE)?;
    let metrics = file
        .note("metrics")
        .and_then(|text| serde_json::from_str(&text).ok());
    let under_way = file.note(UNDER_WAY).map(|text| serde_json::from_str(&text));
    let under_way = under_way
        .transpose()
        .map_err(|_| broken("a place in the epoch"))?;
    let steps = file.note("steps").and_then(|text| text.parse().ok());
    let mut optimiser = OptimiserState {
        steps: steps.ok_or_else(|| broken("a step count"))?,
        tensors: BTreeMap::new(),
    };
    for (name, stored) in file.tensors {
        match (name.strip_prefix(OPTIMISER), stored) {
            (Some(name), Stored::F32(tensor)) if tensor.host("load")?.iter().all(|v| v.is_finite()) => {
                optimiser.tensors.insert(name.to_owned(), tensor);
            }
            (Some(_), _) => return Err(broken("finite numbers for the optimiser")),
            (None, _) if name.starts_with(MODULE_PREFIX) => {}
            (None, _) => {
                let expected = "a checkpoint with tensors of the module and the optimiser only";
                let advice = "delete the file to train anew";
                return Err(Error::format(path, expected, name, advice));
            }
        }
    }
    Ok(Some(Checkpoint {
        metrics: metrics.ok_or_else(|| broken("metrics"))?,
        optimiser,
        under_way,
    }))
}

/// Refuses a file made under another configuration.
pub(super) fn check_hash(path: &Path, file: &TensorFile, config_hash: &str) -> Result<()> {
    match file.note("config") {
        Some(found) if found == config_hash => Ok(()),
        found => {
            let found = found.map_or("none".into(), |hash| format!("{:.12}…", hash));
            let expected = format!("the configuration hash {config_hash:.12}…");
            Err(Error::format(
                path,
                expected,
                found,
                "give the run's own configuration, or start a new run",
            ))
        }
    }
}
