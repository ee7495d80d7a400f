//! The weights in a run directory, and opening a finished run.
//!
//! `backbone.safetensors` holds the backbone as it was trained: weights and the running statistics
//! at the end of its training. `heads.safetensors` holds the heads (`head<layer>.…`) and the
//! backbone's running statistics after all heads were trained (`backbone.….running_mean`, …),
//! which have drifted if the method says so and are what the self-ensemble uses.
//! `baseline.safetensors` holds the plain network.

use super::run_dir::RunDir;
use super::stages::heads::running_statistics;
use super::Config;
use crate::data::Dataset;
use crate::ensemble::{MultiResolution, SelfEnsemble};
use crate::io::{TensorFile, load_module, module_tensors, save_module};
use crate::models::ResNet;
use crate::nn::{Init, Module, Slot, join};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

const BACKBONE: &str = "backbone.safetensors";
const HEADS: &str = "heads.safetensors";
const BASELINE: &str = "baseline.safetensors";

/// What a run must know of its beginning: to be opened without its data, and to be resumed with
/// nothing but the data and the configuration it began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataFacts {
    pub name: String,
    pub sha256: String,
    pub classes: Vec<String>,
    pub image_size: usize,
    /// [`Config::hash`].
    pub config: String,
}

impl DataFacts {
    /// The stage whose record they are.
    pub const STAGE: &'static str = "data";

    pub fn of(data: &Dataset, config_hash: &str) -> Self {
        Self {
            name: data.name.clone(),
            sha256: data.sha256(),
            classes: data.classes.clone(),
            image_size: data.train.size()[0],
            config: config_hash.to_owned(),
        }
    }
}

/// The self-ensemble that `config` describes, with initial values.
pub(super) fn untrained(config: &Config, image_size: usize, classes: usize) -> Result<SelfEnsemble> {
    let mut init = Init::new(config.seed);
    let channels = 3 * config.method.resolutions.len();
    let net = ResNet::new(config.network(channels, classes), &mut init)?;
    let input = config.backbone.input_size;
    let backbone = MultiResolution::new(net, config.method.clone(), image_size, input, config.seed)?;
    SelfEnsemble::new(backbone, &config.head_layers(), &mut init)
}

pub(super) fn save_backbone(dir: &RunDir, backbone: &mut dyn Module) -> Result<()> {
    save_module(backbone, &dir.path(BACKBONE), BTreeMap::new())
}

pub(super) fn load_backbone(dir: &RunDir, backbone: &mut MultiResolution) -> Result<()> {
    load(&dir.path(BACKBONE), backbone)
}

pub(super) fn save_baseline(dir: &RunDir, net: &mut dyn Module) -> Result<()> {
    save_module(net, &dir.path(BASELINE), BTreeMap::new())
}

pub(super) fn load_baseline(dir: &RunDir, net: &mut ResNet) -> Result<()> {
    load(&dir.path(BASELINE), net)
}

pub(super) fn save_heads(dir: &RunDir, ensemble: &mut SelfEnsemble) -> Result<()> {
    let tensors = module_tensors(&mut HeadsAndStatistics(ensemble), "")?;
    TensorFile {
        tensors,
        metadata: BTreeMap::new(),
    }
    .save(&dir.path(HEADS))
}

fn load(path: &Path, module: &mut dyn Module) -> Result<()> {
    load_module(module, &TensorFile::load(path)?, path, "")
}

/// What `heads.safetensors` holds.
struct HeadsAndStatistics<'a>(&'a mut SelfEnsemble);

impl Module for HeadsAndStatistics<'_> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_>) -> Result<()>) -> Result<()> {
        for head in &mut self.0.heads {
            head.visit(&join(prefix, &format!("head{}", head.layer())), visit)?;
        }
        running_statistics(&mut self.0.backbone, &join(prefix, "backbone"), visit)
    }
}

/// A run read back from its directory.
pub struct OpenRun {
    /// Its configuration.
    pub config: Config,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Height and width of the images it was made for, pixels.
    pub image_size: usize,
    /// The trained self-ensemble.
    pub ensemble: SelfEnsemble,
}

/// Reads the trained self-ensemble of a run; the stages up to the heads must be done.
///
/// # Errors
/// [`Error::Format`] or [`Error::Io`] if the directory is not a run's, or the heads are not trained.
pub fn open_run(root: &Path) -> Result<OpenRun> {
    let dir = RunDir::open(root)?;
    let config = Config::load(&dir.config_path())?;
    config.check()?;
    let path = dir.path(HEADS);
    if !path.is_file() {
        let advice = format!("finish it first: crossmax replicate --resume {}", root.display());
        return Err(Error::format(&path, "the heads of a run", "no file", advice));
    }
    let missing = || Error::format(root, "a run with the record of its data", "none", "name the directory of a run");
    let facts: DataFacts = dir.finished(DataFacts::STAGE)?.ok_or_else(missing)?;
    let mut ensemble = untrained(&config, facts.image_size, facts.classes.len())?;
    load_backbone(&dir, &mut ensemble.backbone)?;
    load(&path, &mut HeadsAndStatistics(&mut ensemble))?;
    Ok(OpenRun {
        config,
        classes: facts.classes,
        image_size: facts.image_size,
        ensemble,
    })
}
