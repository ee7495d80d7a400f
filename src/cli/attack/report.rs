//! What an attack found, for people and for programs.

use super::Request;
use crate::cli::target::Target;
use crossmax::attacks::statistics::mean_and_std;
use crossmax::attacks::{
    AutoAttackConfig, AutoAttackReport, AutoAttackState, Evaluation, Oracle, RedrawnAccuracy, Share,
    distances, redrawn_accuracy,
};
use crossmax::{Error, Result};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// All numbers of an attack.
pub struct Report {
    summary: Value,
    attack: AutoAttackReport,
    config: AutoAttackConfig,
    redraws: u16,
    redrawn: RedrawnAccuracy,
    clean: RedrawnAccuracy,
    distances: Vec<f64>,
}

impl Report {
    /// Looks at the resulting images again with `redraws` fresh draws, and at the clean ones, the null control.
    pub fn new(
        oracle: &Oracle<'_>,
        target: &Target,
        request: &Request,
        config: &AutoAttackConfig,
        state: &AutoAttackState,
    ) -> Result<Self> {
        let redraws = request.redraws;
        let finals = target.samples.with_images(state.adversarial().clone())?;
        Ok(Self {
            summary: json!({
                "request": request,
                "model": target.path,
                "weights_sha256": target.weights_sha256,
                "member": target.member.to_string(),
                "random": oracle.is_random(),
                "data": target.origin,
                "data_sha256": target.data_sha256,
                "images": target.samples.len(),
                "first": target.samples.ids().first(),
                "seed": target.seed,
                "device": target.samples.images().device().to_string(),
                "crossmax_version": env!("CARGO_PKG_VERSION"),
            }),
            attack: AutoAttackReport::new(state, oracle.is_random()),
            config: config.clone(),
            redraws,
            redrawn: redrawn_accuracy(oracle, &finals, Evaluation::AfterAutoAttack, redraws)?,
            clean: redrawn_accuracy(oracle, &target.samples, Evaluation::AfterAutoAttack, redraws)?,
            distances: distances(config.norm, target.samples.images(), state.adversarial())?,
        })
    }

    /// The scores by name: a line for people each.
    fn scores(&self) -> Vec<(String, Share)> {
        let repeats = usize::from(self.redraws);
        let n = self.redrawn.right_counts.len();
        let right = |counts: &[u16], least: usize| {
            let enough = counts
                .iter()
                .filter(|&&count| usize::from(count) >= least)
                .count();
            Share::new(enough, n)
        };
        let first = (self.redrawn.repeats.first().copied().unwrap_or(0.0) * n as f64).round() as usize;
        let mut scores = vec![("right before all attacks".to_owned(), self.attack.initial)];
        let after = self.attack.after.iter();
        scores.extend(after.map(|(attack, share)| (format!("left after {attack}"), *share)));
        scores.push(("never broken".into(), self.attack.robust));
        scores.push(("re-drawn once".into(), Share::new(first, n)));
        let majority = format!("right on most of {repeats} draws");
        scores.push((majority, right(&self.redrawn.right_counts, repeats / 2 + 1)));
        scores.push((
            format!("right on all of {repeats} draws"),
            right(&self.redrawn.right_counts, repeats),
        ));
        scores
    }

    /// For people.
    pub fn text(&self, out: &Path) -> String {
        let mut lines = vec![format!(
            "{}-bounded by {:.5}, {} images, 95 % intervals",
            self.config.norm, self.config.eps, self.attack.initial.of
        )];
        for (name, share) in self.scores() {
            let (low, high) = share.ci95;
            lines.push(format!(
                "  {name:<32}{:>7.2} %  {:>5.1} to {:.1} %",
                100.0 * share.fraction,
                100.0 * low,
                100.0 * high
            ));
        }
        for (name, redrawn) in [
            ("mean over draws", &self.redrawn),
            ("the same of clean images", &self.clean),
        ] {
            lines.push(format!(
                "  {name:<32}{:>7.2} %  ± {:.2} % over images",
                100.0 * redrawn.mean,
                100.0 * self.standard_error(redrawn)
            ));
        }
        let largest = self.distances.iter().copied().fold(0.0, f64::max);
        lines.push(format!("  largest perturbation {largest:.5}"));
        lines.extend(
            self.attack
                .warnings
                .iter()
                .map(|warning| format!("warning: {warning}")),
        );
        lines.push(format!("written to {}", out.display()));
        lines.join("\n")
    }

    /// Standard error, over images, of a mean over draws.
    fn standard_error(&self, redrawn: &RedrawnAccuracy) -> f64 {
        let repeats = f64::from(self.redraws.max(1));
        let of_image = |&count: &u16| f64::from(count) / repeats;
        let fractions: Vec<f64> = redrawn.right_counts.iter().map(of_image).collect();
        mean_and_std(&fractions).1 / (fractions.len().max(1) as f64).sqrt()
    }

    /// For programs.
    pub fn json(&self) -> Result<Value> {
        let mut object = self.summary.clone();
        let mean = |redrawn: &RedrawnAccuracy| {
            json!({
                "mean": redrawn.mean,
                "standard_error": self.standard_error(redrawn),
                "std_over_draws": redrawn.std,
                "draws": self.redraws,
            })
        };
        let scores: Vec<Value> = self
            .scores()
            .into_iter()
            .map(|(name, share)| json!({ "name": name, "share": share }))
            .collect();
        let config = serde_json::to_value(&self.config)
            .map_err(|error| Error::argument("attack", "settings", "finite numbers", error))?;
        object["config"] = config;
        object["scores"] = scores.into();
        object["redrawn"] = mean(&self.redrawn);
        object["clean_redrawn"] = mean(&self.clean);
        object["largest_perturbation"] = self.distances.iter().copied().fold(0.0, f64::max).into();
        object["warnings"] = self.attack.warnings.clone().into();
        Ok(object)
    }

    /// One line an image.
    pub fn csv(&self, state: &AutoAttackState) -> String {
        let mut text = String::from(
            "id,label,initial_prediction,broken_by,class_reached,iterate,distance,right_draws,clean_right_draws\n",
        );
        for (i, record) in state.records().iter().enumerate() {
            let broken = record.broken;
            let by = broken.map_or("", |broken| broken.by.name());
            let class = broken.map_or(String::new(), |broken| broken.prediction.to_string());
            let iterate = broken.and_then(|broken| broken.iterate);
            let iterate = iterate.map_or(String::new(), |iterate| iterate.to_string());
            // Writing into a string does not fail.
            let _ = writeln!(
                text,
                "{},{},{},{by},{class},{iterate},{},{},{}",
                record.id,
                record.label,
                record.initial_prediction,
                self.distances.get(i).copied().unwrap_or_default(),
                self.redrawn.right_counts.get(i).copied().unwrap_or_default(),
                self.clean.right_counts.get(i).copied().unwrap_or_default(),
            );
        }
        text
    }
}
