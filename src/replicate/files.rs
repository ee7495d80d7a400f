//! The weights in a run directory, and opening a finished run.
//!
//! `backbone.safetensors` holds the backbone as it was trained: weights and the running statistics
//! at the end of its training. `heads.safetensors` holds the heads (`head<layer>.…`) and the
//! backbone's running statistics after all heads were trained (`backbone.….running_mean`, …),
//! which have drifted if the method says so and are what the self-ensemble uses.
//! `baseline.safetensors` holds the plain network.

use super::Config;
use super::run_dir::RunDir;
use super::stages::heads::running_statistics;
use crate::data::Dataset;
use crate::device::Device;
use crate::ensemble::{MultiResolution, SelfEnsemble};
use crate::io::{TensorFile, load_module, module_tensors};
use crate::models::ResNet;
use crate::nn::{Init, Module, Slot, join};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const HEADS: &str = "heads.safetensors";

/// The files of weights that a finished run holds.
pub(super) const WEIGHTS: [&str; 3] = ["backbone.safetensors", HEADS, "baseline.safetensors"];

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
    /// The device that the run computes on, as [`Device`] shows it.
    #[serde(default = "cpu")]
    pub device: String,
    /// SHA-256 of the file with the weights that the training began with; none if it began with random ones, or if the
    /// run was begun by a version that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
}

/// The device of runs that do not say it.
fn cpu() -> String {
    Device::Cpu.to_string()
}

impl DataFacts {
    /// The stage whose record they are.
    pub const STAGE: &'static str = "data";

    pub fn of(data: &Dataset, config_hash: &str, device: &Device, weights: Option<String>) -> Self {
        Self {
            weights,
            name: data.name.clone(),
            sha256: data.sha256(),
            classes: data.classes.clone(),
            image_size: data.train.size()[0],
            config: config_hash.to_owned(),
            device: device.to_string(),
        }
    }

    /// Refuses another device than the one the run began on: the bits would be others.
    ///
    /// # Errors
    /// [`Error::Usage`] naming both.
    pub fn check_device(&self, dir: &RunDir, device: &Device) -> Result<()> {
        let found = device.to_string();
        if self.device == found {
            return Ok(());
        }
        let choice = self.device.split(' ').next().unwrap_or_default();
        Err(Error::Usage(format!(
            "{} was begun on {}, and --device is {found}; resume it with --device {choice}, or start a new run",
            dir.root().display(),
            self.device,
        )))
    }

    /// Refuses other weights to begin with than those of the run, of which the baseline's training may be still to come.
    /// `found` is `None` where the file is gone, which matters only once it is to be read.
    ///
    /// # Errors
    /// [`Error::Format`] naming the file `path`.
    pub fn check_weights(&self, path: &Path, found: Option<&str>) -> Result<()> {
        match (&self.weights, found) {
            (Some(recorded), Some(found)) if recorded != found => {
                let expected = format!("the weights the run began with, SHA-256 {recorded:.16}…");
                let advice = "put those back, or start a new run";
                Err(Error::format(
                    path,
                    expected,
                    format!("SHA-256 {found:.16}…"),
                    advice,
                ))
            }
            _ => Ok(()),
        }
    }

    /// For people: what tells these data from others.
    pub fn describe(&self) -> String {
        let first = self.classes.first().map_or("none", String::as_str);
        let (name, classes) = (&self.name, self.classes.len());
        format!(
            "data with SHA-256 {:.16}… ({name}, {classes} classes, the first {first})",
            self.sha256
        )
    }

    /// Refuses a configuration other than the one the run began with.
    ///
    /// # Errors
    /// [`Error::Format`] naming the configuration file.
    pub fn check_config(&self, dir: &RunDir, hash: &str) -> Result<()> {
        if self.config == hash {
            return Ok(());
        }
        let advice = "undo the change, or start a new run";
        let expected = format!("the configuration the run began with, hash {:.12}…", self.config);
        Err(Error::format(
            dir.config_path(),
            expected,
            format!("hash {hash:.12}…"),
            advice,
        ))
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

/// Where the backbone's weights are.
pub(super) fn backbone(dir: &RunDir) -> PathBuf {
    dir.path("backbone.safetensors")
}

/// Where the baseline's weights are.
pub(super) fn baseline(dir: &RunDir) -> PathBuf {
    dir.path("baseline.safetensors")
}

pub(super) fn save_heads(dir: &RunDir, ensemble: &mut SelfEnsemble) -> Result<()> {
    let tensors = module_tensors(&mut HeadsAndStatistics(ensemble), "")?;
    TensorFile {
        tensors,
        metadata: BTreeMap::new(),
    }
    .save(&dir.path(HEADS))
}

/// Sets `module` from all tensors of the file at `path`.
pub(super) fn load(path: &Path, module: &mut dyn Module) -> Result<()> {
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

/// The device that the run in `root` began on, as [`Device`] shows it; nothing if it did not get so far.
///
/// # Errors
/// [`Error::Format`] if there is no run or its record is broken.
pub fn device_of_run(root: &Path) -> Result<Option<String>> {
    let facts: Option<DataFacts> = RunDir::open(root)?.finished(DataFacts::STAGE)?;
    Ok(facts.map(|facts| facts.device))
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
    let missing = || {
        Error::format(
            root,
            "a run with the record of its data",
            "none",
            "name the directory of a run",
        )
    };
    let facts: DataFacts = dir.finished(DataFacts::STAGE)?.ok_or_else(missing)?;
    facts.check_config(&dir, &config.hash()?)?;
    let mut ensemble = untrained(&config, facts.image_size, facts.classes.len())?;
    load(&backbone(&dir), &mut ensemble.backbone)?;
    load(&path, &mut HeadsAndStatistics(&mut ensemble))?;
    Ok(OpenRun {
        config,
        classes: facts.classes,
        image_size: facts.image_size,
        ensemble,
    })
}
