//! What a run found, as `summary.json` and as a table for people.

use super::stages::attack::Attacked;
use super::stages::surrogate::SurrogateAttack;
use super::{Config, EpochMetrics, Precisions, StageTime};
use crate::attacks::statistics::wilson;
use crate::ops::Precision;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Version of `summary.json`'s layout.
const SCHEMA_VERSION: u32 = 1;

/// Clean accuracies on the test split, one draw an image, as fractions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CleanAccuracy {
    /// The backbone alone.
    pub backbone: f64,
    /// Each head, by layer, ascending.
    pub layers: Vec<(usize, f64)>,
    /// CrossMax over heads and backbone.
    pub ensemble: f64,
    /// The plain baseline.
    pub baseline: f64,
    /// Test images.
    pub images: usize,
}

/// All numbers of a run.
pub(crate) struct Findings {
    pub config: Config,
    /// As [`crate::device::Device`] shows it.
    pub device: String,
    /// Formats of the layers' products, as the device had them.
    pub precision: Precisions,
    pub dataset: String,
    pub data_sha256: String,
    pub classes: Vec<String>,
    pub warnings: Vec<String>,
    pub metrics: Vec<EpochMetrics>,
    pub clean: CleanAccuracy,
    pub ensemble: Attacked,
    pub baseline: Attacked,
    pub surrogate: SurrogateAttack,
}

/// A named accuracy and its interval.
type Named = (String, f64, (f64, f64));

impl Findings {
    /// The radius as people write it: in 255ths where it is a whole number of them.
    pub fn eps_text(&self) -> String {
        let levels = self.config.attack.eps * 255.0;
        if (levels - levels.round()).abs() < 1e-6 {
            format!("{}/255", levels.round())
        } else {
            self.config.attack.eps.to_string()
        }
    }

    /// For each defence the accuracies from clean to the last attack, with Wilson 95 % intervals.
    pub fn attack_rows(&self) -> Vec<(String, Vec<Named>)> {
        let autoattack = |attacked: &Attacked| -> Vec<Named> {
            let report = &attacked.report;
            let mut stages = vec![("initial".to_owned(), report.initial.fraction, report.initial.ci95)];
            for (i, (attack, share)) in report.after.iter().enumerate() {
                let meaning = if i + 1 == report.after.len() {
                    ", never broken"
                } else {
                    ""
                };
                let name = format!("after {}{meaning}", attack.name().to_uppercase());
                stages.push((name, share.fraction, share.ci95));
            }
            stages.push(redrawn("re-drawn", attacked.reevaluated.mean, report.robust.of));
            stages
        };
        let surrogate = vec![
            redrawn("clean, re-drawn", self.surrogate.clean.mean, self.config_images()),
            redrawn(
                "after PGD, re-drawn",
                self.surrogate.attacked.mean,
                self.config_images(),
            ),
        ];
        vec![
            (
                "self-ensemble, AutoAttack rand".into(),
                autoattack(&self.ensemble),
            ),
            ("self-ensemble, surrogate PGD".into(), surrogate),
            (
                "plain baseline, AutoAttack rand".into(),
                autoattack(&self.baseline),
            ),
        ]
    }

    fn config_images(&self) -> usize {
        self.ensemble.report.robust.of
    }

    /// The content of `summary.json`.
    pub fn to_json(&self, stages: &[StageTime], figures: &[String]) -> Value {
        let seconds = |name: &str| {
            stages
                .iter()
                .find(|stage| stage.name == name)
                .map_or(0.0, |stage| stage.seconds)
        };
        let layers: Map<String, Value> = self
            .clean
            .layers
            .iter()
            .map(|(layer, accuracy)| (layer.to_string(), json!(accuracy)))
            .collect();
        json!({
            "schema_version": SCHEMA_VERSION,
            "crossmax_version": env!("CARGO_PKG_VERSION"),
            "preset": self.config.preset,
            "device": self.device,
            "precision": {
                "training": self.precision.training,
                "search": self.precision.search,
                "verdict": Precision::F32,
            },
            "seed": self.config.seed,
            "training": {
                "weights": self.config.backbone.weights.as_deref().unwrap_or("random"),
                "batch": self.config.backbone.batch,
                "micro_batch": self.config.backbone.micro_batch,
                "adversarial": self.config.backbone.adversarial,
            },
            "dataset": self.dataset,
            "dataset_sha256": self.data_sha256,
            "dataset_warnings": self.warnings,
            "classes": self.classes,
            "clean_accuracy": {
                "images": self.clean.images,
                "backbone": self.clean.backbone,
                "layers": layers,
                "ensemble": self.clean.ensemble,
            },
            "autoattack": self.autoattack_json(&self.ensemble, seconds("attack")),
            "audits": [
                {
                    "name": "baseline",
                    "what": "the same blocks as a plain three-channel network, no views, no heads, same epochs; deterministic",
                    "clean_accuracy": self.clean.baseline,
                    "autoattack": self.autoattack_json(&self.baseline, seconds("baseline attack")),
                },
                {
                    "name": "surrogate-pgd",
                    "what": "PGD on the mean of the members' logits, all images attacked, scored on the self-ensemble",
                    "norm": "Linf",
                    "eps": self.config.attack.eps,
                    "steps": self.config.attack.iterations,
                    "step_size": self.surrogate.step_size,
                    "eot": self.config.attack.eot,
                    "images": self.config_images(),
                    "clean": redrawn_json(&self.surrogate.clean),
                    "attacked": redrawn_json(&self.surrogate.attacked),
                    "attacked_ci95": wilson_of(self.surrogate.attacked.mean, self.config_images()),
                    "seconds": seconds("surrogate attack"),
                },
            ],
            "stages": stages,
            "figures": figures,
        })
    }

    fn autoattack_json(&self, attacked: &Attacked, seconds: f64) -> Value {
        let report = &attacked.report;
        let after: Map<String, Value> = report
            .after
            .iter()
            .map(|(attack, share)| (attack.name().into(), json!(share.fraction)))
            .collect();
        json!({
            "version": "rand",
            "norm": "Linf",
            "eps": self.config.attack.eps,
            "iterations": self.config.attack.iterations,
            "eot": self.config.attack.eot,
            "images": report.robust.of,
            "initial": report.initial.fraction,
            "after": after,
            "robust": report.robust.fraction,
            "robust_ci95": [report.robust.ci95.0, report.robust.ci95.1],
            "reevaluated": redrawn_json(&attacked.reevaluated),
            "warnings": report.warnings,
            "seconds": seconds,
        })
    }

    /// The table that ends a run.
    pub fn to_text(&self) -> String {
        let percent = |fraction: f64| format!("{:6.2} %", 100.0 * fraction);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "\nClean accuracy ({}, {} test images, one draw each)",
            self.dataset, self.clean.images
        );
        for (layer, accuracy) in &self.clean.layers {
            let _ = writeln!(
                text,
                "  head on layer {layer:<3}                     {}",
                percent(*accuracy)
            );
        }
        let _ = writeln!(
            text,
            "  backbone                              {}",
            percent(self.clean.backbone)
        );
        let _ = writeln!(
            text,
            "  self-ensemble (CrossMax)              {}",
            percent(self.clean.ensemble)
        );
        let _ = writeln!(
            text,
            "  plain baseline                        {}",
            percent(self.clean.baseline)
        );
        let attack = &self.config.attack;
        let _ = writeln!(
            text,
            "\nAccuracy under attack (L∞ {}, first {} test images, {} iterations, EoT {})",
            self.eps_text(),
            self.config_images(),
            attack.iterations,
            attack.eot
        );
        for (defence, stages) in self.attack_rows() {
            let _ = writeln!(text, "  {defence}");
            for (name, accuracy, (low, high)) in stages {
                let _ = writeln!(
                    text,
                    "    {name:<34}  {}   95 % interval {:4.1} to {:4.1} %",
                    percent(accuracy),
                    100.0 * low,
                    100.0 * high
                );
            }
        }
        let _ = writeln!(
            text,
            "\nAfter the last attack: the images that no attack ever broke. Re-drawn: all final images, the\n\
             unattacked ones included, looked at again with {} fresh draws each; the published figure is of\n\
             this kind. Neither is the accuracy against the best attack: see the surrogate.",
            attack.reevaluations
        );
        text
    }
}

fn redrawn(name: &str, mean: f64, images: usize) -> Named {
    (name.to_owned(), mean, wilson_of(mean, images))
}

/// The Wilson interval of a mean over draws, as if it were that many of the images.
fn wilson_of(mean: f64, images: usize) -> (f64, f64) {
    wilson((mean * images as f64).round() as usize, images)
}

fn redrawn_json(accuracy: &crate::attacks::RedrawnAccuracy) -> Value {
    json!({"mean": accuracy.mean, "std": accuracy.std, "repeats": accuracy.repeats.len()})
}
