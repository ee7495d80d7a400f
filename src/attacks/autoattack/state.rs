//! How far AutoAttack has come: all that is needed to go on, or to report.

use super::{AttackKind, AutoAttackConfig};
use crate::attacks::{Ball, LabelledImages, Perturbation};
use crate::device::Device;
use crate::io::{Stored, TensorFile};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// How an image was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Break {
    /// The attack that broke it.
    pub by: AttackKind,
    /// The class seen at the re-check of the attack's image.
    pub prediction: usize,
    /// Number of the first misclassified iterate (0 is the start; of FAB and Square the iteration or query). Nothing if the
    /// search found none, or was not made, and a random draw alone was wrong, which counts in compat mode: the image is
    /// then the clean one.
    pub iterate: Option<u16>,
}

/// What happened to one image.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImageRecord {
    /// Id of the image.
    pub id: u32,
    /// Its label.
    pub label: usize,
    /// The class seen before all attacks. If it is wrong the image is not attacked.
    pub initial_prediction: usize,
    /// How it was broken, if it was.
    pub broken: Option<Break>,
    /// Attacks that met a point without a gradient, where they are blind: see [`Perturbation::zero_gradient`].
    pub zero_gradient: Vec<AttackKind>,
    /// Whether the logits before all attacks looked like probabilities.
    #[serde(default)]
    pub probabilities: bool,
}

impl ImageRecord {
    /// Whether it was right before all attacks.
    pub fn initially_right(&self) -> bool {
        self.initial_prediction == self.label
    }

    /// Whether it was right at first and never broken.
    pub fn is_robust(&self) -> bool {
        self.initially_right() && self.broken.is_none()
    }
}

/// The part of a state that is no picture.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Ledger {
    pub(super) config: AutoAttackConfig,
    /// Index of the attack that is next, or under way.
    pub(super) attack: usize,
    /// Its next block.
    pub(super) block: usize,
    pub(super) records: Vec<ImageRecord>,
    /// Classes of the classifier.
    pub(super) classes: usize,
    /// Distances of the nearest images beyond ε that FAB found and that a fresh draw of was wrong too; nothing where there
    /// is none, and in files of earlier versions.
    #[serde(default)]
    pub(super) beyond: Vec<Option<f64>>,
}

/// The state of a run of AutoAttack between two blocks.
#[derive(Clone, Debug)]
pub struct AutoAttackState<T: Element = f32> {
    pub(super) ledger: Ledger,
    pub(super) adversarial: Tensor<T>,
}

/// Name of the images in a file.
const IMAGES: &str = "adversarial";
/// Name of the rest in its metadata.
const LEDGER: &str = "autoattack";

impl<T: Element> AutoAttackState<T> {
    /// The state before the first attack; `initial` are the images' predictions, and whether their logits looked like
    /// probabilities.
    pub(super) fn new(
        config: &AutoAttackConfig,
        samples: &LabelledImages<T>,
        initial: &[(usize, bool)],
        classes: usize,
    ) -> Self {
        let images = samples.ids().iter().zip(samples.labels()).zip(initial);
        let records = images.map(
            |((&id, &label), &(initial_prediction, probabilities))| ImageRecord {
                id,
                label,
                initial_prediction,
                broken: None,
                zero_gradient: Vec::new(),
                probabilities,
            },
        );
        Self {
            ledger: Ledger {
                config: config.clone(),
                attack: 0,
                block: 0,
                records: records.collect(),
                classes,
                beyond: vec![None; samples.len()],
            },
            adversarial: samples.images().clone(),
        }
    }

    /// The same with the images on `device`.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has no room or a copy fails.
    pub fn on(self, device: &Device) -> Result<Self> {
        Ok(Self {
            adversarial: self.adversarial.on(device)?,
            ..self
        })
    }

    /// The settings of the run.
    pub fn config(&self) -> &AutoAttackConfig {
        &self.ledger.config
    }

    /// What happened so far, one record an image in the order of the images.
    pub fn records(&self) -> &[ImageRecord] {
        &self.ledger.records
    }

    /// The images [N, H, W, C] as far as they are broken; the clean ones elsewhere.
    pub fn adversarial(&self) -> &Tensor<T> {
        &self.adversarial
    }

    /// The smallest distance beyond ε at which image `i` is known to be misclassified, from FAB, which looks for the nearest
    /// such image.
    pub fn broken_beyond(&self, i: usize) -> Option<f64> {
        self.ledger.beyond.get(i).copied().flatten()
    }

    /// Notes that image `i` was found misclassified at `distance`, beyond ε.
    pub(super) fn note_beyond(&mut self, i: usize, distance: f64) {
        if let Some(known) = self.ledger.beyond.get_mut(i) {
            *known = Some(known.map_or(distance, |known| known.min(distance)));
        }
    }

    /// Whether all attacks are done.
    pub fn is_finished(&self) -> bool {
        self.ledger.attack >= self.ledger.config.attacks.len()
    }

    /// Number of images that no attack broke so far.
    pub fn robust_count(&self) -> usize {
        self.records().iter().filter(|record| record.is_robust()).count()
    }

    /// Notes the outcome of `attack` on image `i`: what the search reports, and the class seen at
    /// the re-check. Returns whether that broke the image.
    pub(super) fn note(
        &mut self,
        i: usize,
        attack: AttackKind,
        search: &Perturbation,
        recheck: usize,
    ) -> bool {
        let record = &mut self.ledger.records[i];
        if search.zero_gradient {
            record.zero_gradient.push(attack);
        }
        let found = self.ledger.config.compat || search.fooled_at.is_some();
        let broken = found && recheck != record.label;
        if broken {
            record.broken = Some(Break {
                by: attack,
                prediction: recheck,
                iterate: search.fooled_at.map(|(_, iterate)| iterate),
            });
        }
        broken
    }

    /// Goes to the next block, or to the next attack after the last block.
    pub(super) fn advance(&mut self) {
        let ledger = &mut self.ledger;
        ledger.block += 1;
        if ledger.block * ledger.config.block >= ledger.records.len() {
            ledger.block = 0;
            ledger.attack += 1;
        }
    }

    /// Why this is no state of an attack with these settings on these images; nothing if it is.
    ///
    /// # Errors
    /// [`Error::Argument`] if the settings' radius is out of range; [`Error::Device`] if a copy fails.
    pub fn misfit(
        &self,
        config: &AutoAttackConfig,
        samples: &LabelledImages<T>,
    ) -> Result<Option<&'static str>> {
        let ball = Ball::new(config.norm, config.eps)?;
        if self.config() != config {
            return Ok(Some("other settings"));
        }
        let known = self.records().iter().map(|record| (record.id, record.label));
        let given = samples
            .ids()
            .iter()
            .copied()
            .zip(samples.labels().iter().copied());
        if !known.eq(given) {
            return Ok(Some("other ids or labels"));
        }
        let images = self.adversarial.beside(samples.images())?;
        let inside = ball.check(samples, &images).is_ok();
        Ok((!inside).then_some("images that are not perturbations of these"))
    }

    /// The state as the content of a file: the images in the element type, the rest as JSON.
    ///
    /// # Errors
    /// [`Error::Device`] if a copy from a device fails.
    pub fn to_file(&self) -> Result<TensorFile> {
        let images = self.adversarial.to_host()?;
        let images = match T::NAME {
            f64::NAME => Stored::F64(images.cast()?),
            _ => Stored::F32(images.cast()?),
        };
        let ledger = serde_json::to_string(&self.ledger)
            .map_err(|error| Error::argument("AutoAttackState", "ledger", "finite settings", error))?;
        Ok(TensorFile {
            tensors: BTreeMap::from([(IMAGES.to_owned(), images)]),
            metadata: BTreeMap::from([(LEDGER.to_owned(), ledger)]),
        })
    }

    /// The state in `file`; `path` is where it comes from, for messages.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is not such a state, or contradicts itself.
    pub fn from_file(file: &TensorFile, path: &Path) -> Result<Self> {
        let refuse = |found: String| {
            let advice = "delete the file to begin the attack again";
            Error::format(path, "the state of an attack", found, advice)
        };
        let json = file
            .note(LEDGER)
            .ok_or_else(|| refuse(format!("no entry `{LEDGER}`")))?;
        let ledger: Ledger = serde_json::from_str(&json).map_err(|error| refuse(error.to_string()))?;
        let images = file
            .tensors
            .get(IMAGES)
            .ok_or_else(|| refuse(format!("no tensor `{IMAGES}`")))?;
        let adversarial = images
            .float::<T>()?
            .ok_or_else(|| refuse(format!("integers in `{IMAGES}`")))?;
        if adversarial.shape().axis(0) != ledger.records.len() {
            let found = format!(
                "{} records for images {}",
                ledger.records.len(),
                adversarial.shape()
            );
            return Err(refuse(found));
        }
        let position = ledger.block.checked_mul(ledger.config.block);
        if position.is_none_or(|first| first >= ledger.records.len()) {
            return Err(refuse(format!(
                "block {} of {} images",
                ledger.block,
                ledger.records.len()
            )));
        }
        Ok(Self { ledger, adversarial })
    }
}
