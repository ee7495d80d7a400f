//! The configuration of a run: a preset, overridden by a file and by flags.

use super::{AdversarialTraining, Precisions};
use crate::data::ReadOptions;
use crate::ensemble::Method;
use crate::io::atomic;
use crate::models::{ResNetConfig, Stem, default_head_layers};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Bytes that a configuration may have: 1 MiB, hundreds of times more than one has.
const MAX_TEXT: u64 = 1 << 20;

/// Everything that decides the result of a run. Stored as `config.toml` in its directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the preset this began as.
    pub preset: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The data.
    pub data: DataConfig,
    /// The backbone and its training.
    pub backbone: BackboneConfig,
    /// The heads and their training.
    pub heads: HeadsConfig,
    /// Views and aggregation.
    pub method: Method,
    /// The attack.
    pub attack: AttackConfig,
    /// Pictures.
    pub figures: FiguresConfig,
    /// Formats of the layers' products on an accelerator.
    #[serde(default, skip_serializing_if = "Precisions::is_default")]
    pub precision: Precisions,
}

/// Which images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// `drawn`, or the path of a data set in one of the layouts that [`Source`](crate::data::Source) reads.
    pub source: String,
    /// The classes used, by name, number or range of numbers (`"0-9"`), in the order in which they are numbered anew;
    /// all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Height and width, in pixels, that pictures of various sizes are brought to; the network's input size if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_size: Option<usize>,
    /// Height and width, in pixels, up to which smaller images get a black frame; none if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<usize>,
    /// Share of each class kept for testing where the data have no test split, in (0, 1).
    #[serde(default = "default_test_share")]
    pub test_share: f64,
    /// Training images used (the first ones); of the drawn set, as many are drawn.
    pub train_images: usize,
    /// Test images used (the first ones).
    pub test_images: usize,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackboneConfig {
    /// The name of published weights or the path of a file with them, from which the training begins; random ones if
    /// not given, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Height and width that the network is given, pixels.
    pub input_size: usize,
    /// Width of the stem.
    pub stem_width: usize,
    /// Window of the stem.
    pub stem_kernel: usize,
    /// Stride of the stem.
    pub stem_stride: usize,
    /// Whether a maximum pool follows the stem.
    pub stem_max_pool: bool,
    /// The kind of block.
    pub block: crate::models::BlockKind,
    /// Width of each stage.
    pub widths: Vec<usize>,
    /// Blocks in each stage.
    pub blocks: Vec<usize>,
    /// Epochs of training.
    pub epochs: u16,
    /// Images a step.
    pub batch: usize,
    /// Images a pass: the gradients of several passes are summed for one step (gradient accumulation). Batch
    /// normalisation sees the images of one pass, so that this changes results; the whole batch if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_batch: Option<usize>,
    /// Adam's learning rate.
    pub lr: f64,
    /// Whether the learning rate falls to 0 along half a cosine over all steps; constant if not.
    pub cosine: bool,
    /// Adversarial training; none if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adversarial: Option<AdversarialTraining>,
}

/// The heads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadsConfig {
    /// Layers they sit on; empty: the notebook's, mapped to this depth.
    pub layers: Vec<usize>,
    /// Epochs for each.
    pub epochs: u16,
    /// Images a step.
    pub batch: usize,
    /// Adam's learning rate.
    pub lr: f64,
}

/// AutoAttack `rand`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackConfig {
    /// L∞ radius, in [0, 1].
    pub eps: f64,
    /// Images attacked: the first of the test split.
    pub images: usize,
    /// Iterations of each attack.
    pub iterations: usize,
    /// Draws each gradient is averaged over.
    pub eot: usize,
    /// Fresh draws of the final images for the re-evaluated accuracy.
    pub reevaluations: usize,
    /// Images between two checkpoints.
    pub block: usize,
    /// Rows (images × draws) evaluated at once; no influence on the result.
    pub sub_batch: usize,
}

/// Pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiguresConfig {
    /// Images optimised from grey for each class.
    pub prototypes_per_class: usize,
    /// Steps at most.
    pub prototype_steps: usize,
    /// Learning rate of plain SGD.
    pub prototype_lr: f64,
    /// Largest change δ = scale · tanh(p).
    pub prototype_scale: f64,
    /// Loss at which the optimisation stops.
    pub prototype_loss: f64,
    /// Draws of the votes beside each broken image.
    pub votes: usize,
}

impl Config {
    /// The network for `channels` input channels and `classes` classes.
    pub fn network(&self, channels: usize, classes: usize) -> ResNetConfig {
        let b = &self.backbone;
        ResNetConfig {
            stem: Stem {
                channels,
                width: b.stem_width,
                kernel: b.stem_kernel,
                stride: b.stem_stride,
                max_pool: b.stem_max_pool,
            },
            block: b.block,
            widths: b.widths.clone(),
            blocks: b.blocks.clone(),
            classes,
        }
    }

    /// What the readers of data must decide where a layout leaves it open.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            side: self.data.image_size.unwrap_or(self.backbone.input_size),
            test_share: self.data.test_share,
        }
    }

    /// Layers of the heads, ascending.
    pub fn head_layers(&self) -> Vec<usize> {
        let mut layers = self.heads.layers.clone();
        if layers.is_empty() {
            layers = default_head_layers(self.backbone.blocks.iter().sum());
        }
        layers.sort_unstable();
        layers
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the first value out of range.
    pub fn check(&self) -> Result<()> {
        Self::preset(&self.preset)?;
        self.method.check()?;
        if self.seed > i64::MAX as u64 {
            // A run's config.toml could be written, but not read again.
            return Err(Error::Usage(format!(
                "seed is {}, expected at most {}",
                self.seed,
                i64::MAX
            )));
        }
        let in_range = |name: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::Usage(format!(
                "{name} is {value}, expected {low} to {high}"
            )))
        };
        let count = |name: &str, value: usize, low: usize, high: usize| {
            in_range(name, value as f64, low as f64, high as f64)
        };
        count("backbone.input_size", self.backbone.input_size, 4, 4096)?;
        for &width in &self.backbone.widths {
            count("backbone.widths", width, 1, 65_536)?;
        }
        for &blocks in &self.backbone.blocks {
            count("backbone.blocks", blocks, 1, 1000)?;
        }
        count("backbone.epochs", self.backbone.epochs.into(), 1, 10_000)?;
        count("backbone.batch", self.backbone.batch, 2, 65_536)?;
        if let Some(micro_batch) = self.backbone.micro_batch {
            count("backbone.micro_batch", micro_batch, 2, 65_536)?;
        }
        if let Some(adversarial) = &self.backbone.adversarial {
            in_range("backbone.adversarial.eps", adversarial.eps, 0.0, 1.0)?;
        }
        in_range("backbone.lr", self.backbone.lr, 1e-12, 1e3)?;
        count("heads.epochs", self.heads.epochs.into(), 1, 10_000)?;
        count("heads.batch", self.heads.batch, 2, 65_536)?;
        in_range("heads.lr", self.heads.lr, 1e-12, 1e3)?;
        count("data.train_images", self.data.train_images, 2, 100_000_000)?;
        count("data.test_images", self.data.test_images, 1, 100_000_000)?;
        count("data.image_size", self.read_options().side, 4, 4096)?;
        if let Some(frame) = self.data.frame {
            count("data.frame", frame, 4, 4096)?;
        }
        // The bounds themselves would leave one of the splits empty.
        in_range("data.test_share", self.data.test_share, 0.001, 0.999)?;
        in_range("attack.eps", self.attack.eps, 0.0, 1.0)?;
        count("attack.images", self.attack.images, 1, 100_000_000)?;
        count("attack.iterations", self.attack.iterations, 1, 60_000)?;
        count("attack.eot", self.attack.eot, 1, 60_000)?;
        count("attack.reevaluations", self.attack.reevaluations, 1, 60_000)?;
        count("attack.block", self.attack.block, 1, 1_000_000)?;
        count("attack.sub_batch", self.attack.sub_batch, 1, 1_000_000)?;
        count(
            "figures.prototypes_per_class",
            self.figures.prototypes_per_class,
            1,
            64,
        )?;
        count("figures.prototype_steps", self.figures.prototype_steps, 1, 60_000)?;
        in_range("figures.prototype_lr", self.figures.prototype_lr, 1e-12, 1e6)?;
        in_range("figures.prototype_scale", self.figures.prototype_scale, 0.0, 1.0)?;
        in_range("figures.prototype_loss", self.figures.prototype_loss, 0.0, 1e6)?;
        count("figures.votes", self.figures.votes, 1, 60_000)?;
        let (layers, deepest) = (self.head_layers(), self.backbone.blocks.iter().sum::<usize>() + 3);
        for (i, &layer) in layers.iter().enumerate() {
            count("heads.layers", layer, 0, deepest)?;
            if layers[..i].contains(&layer) {
                return Err(Error::Usage(format!("heads.layers names layer {layer} twice")));
            }
        }
        let heads = layers.len();
        if heads + 1 < self.method.rank(heads + 1) {
            return Err(Error::Usage(format!(
                "{heads} heads and the backbone are fewer than the method's top_k of {}",
                self.method.top_k
            )));
        }
        self.network(3, 2)
            .check()
            .map_err(|e| Error::Usage(e.to_string()))?;
        Ok(())
    }

    /// As TOML text.
    ///
    /// # Errors
    /// [`Error::Usage`] if a value cannot be written.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::Usage(format!("the configuration cannot be stored: {e}")))
    }

    /// From a complete configuration file, such as a run's `config.toml`.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Format`] with the line that is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        toml::from_str(&text).map_err(|e| not_toml(path, &text, &e))
    }

    /// With the values that a partial configuration file sets.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Format`] with the line or the name that is wrong.
    pub fn overridden_by(&self, path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        let refuse = |e| not_toml(path, &text, &e);
        let overlay: toml::Table = text.parse().map_err(refuse)?;
        let mut table: toml::Table = self.to_toml()?.parse().map_err(refuse)?;
        merge(&mut table, overlay);
        // The merged table has no lines; the error names the key.
        table.try_into().map_err(|e| not_toml(path, "", &e))
    }

    /// SHA-256 over all values: what a checkpoint must agree with. `attack.sub_batch` is left out,
    /// since it has no influence on the result.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn hash(&self) -> Result<String> {
        let mut essential = self.clone();
        essential.attack.sub_batch = 0;
        let digest = Sha256::digest(essential.to_toml()?.as_bytes());
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn default_test_share() -> f64 {
    ReadOptions::default().test_share
}

fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(atomic::read_at_most(path, MAX_TEXT)?)
        .map_err(|e| Error::format(path, "a configuration in UTF-8", e, "correct the file"))
}

/// What is wrong with a configuration: in which line of `text` or, where the parser knows none, in which setting.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start));
    let told = match before {
        Some(before) => format!("line {}: {}", before.matches('\n').count() + 1, error.message()),
        None => error.to_string(),
    };
    let expected = "a configuration as a run's config.toml";
    let found = told.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::format(path, expected, found, "correct the file")
}

/// Sets in `into` what `from` names, table by table.
pub(super) fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
