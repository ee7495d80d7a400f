//! A ladder for programs, and its files.

use crate::cli::attack::Request;
use crate::cli::parts::Parts;
use crate::cli::target::Target;
use crossmax::attack_report::AttackReport;
use crossmax::attacks::{Norm, distances};
use crossmax::audit::ladder::{Fate, LadderReport};
use crossmax::io::{Stored, TensorFile, atomic};
use crossmax::tensor::{Shape, Tensor};
use crossmax::{Error, Result};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// All that a ladder found.
pub struct Results<'a> {
    /// What was attacked.
    pub target: &'a Target,
    /// What was asked for.
    pub request: &'a Request,
    /// The worst images [N, H, W, C].
    pub images: &'a Tensor,
    /// The numbers.
    pub report: LadderReport,
}

impl Results<'_> {
    /// Writes `ladder.csv`, `adversarial.safetensors`, `ladder.json` and `report.html`.
    pub fn save(&self, parts: &Parts<'_>, folder: &Path) -> Result<()> {
        atomic::write(&folder.join("ladder.csv"), self.csv()?.as_bytes())?;
        self.pictures()?.save(&folder.join("adversarial.safetensors"))?;
        parts.finish(&self.json()?)?;
        let mut page = AttackReport::new();
        page.add(folder)?;
        page.save(&folder.join("report.html"))
    }

    /// For programs. What `crossmax verify` reads has the names that it has in an attack's results.
    pub fn json(&self) -> Result<Value> {
        let union = self.report.union();
        let mut config = value_of(&self.report.config)?;
        config["norm"] = value_of(&Norm::Linf)?;
        let mut object = self.target.header(self.request)?;
        object["seed"] = self.target.seed.into();
        object["images"] = self.target.samples.len().into();
        object["config"] = config;
        object["redrawn"] = json!({ "mean": union.mean.fraction, "draws": union.repeats });
        object["largest_perturbation"] = self.distances()?.into_iter().fold(0.0, f64::max).into();
        object["ladder"] = value_of(&self.report)?;
        Ok(object)
    }

    fn distances(&self) -> Result<Vec<f64>> {
        distances(Norm::Linf, self.target.samples.images(), self.images)
    }

    /// The images in the form of an attack's.
    fn pictures(&self) -> Result<TensorFile> {
        let samples = &self.target.samples;
        let numbers = |values: Vec<i64>| Stored::Int(Shape::new(&[values.len()]), values);
        let fates =
            |f: fn(Fate) -> bool| numbers(self.report.fates.iter().map(|&fate| f(fate).into()).collect());
        let tensors = BTreeMap::from([
            (
                "clean".to_owned(),
                Stored::F32(samples.images().to_host()?.nhwc_to_nchw()?),
            ),
            (
                "images".to_owned(),
                Stored::F32(self.images.to_host()?.nhwc_to_nchw()?),
            ),
            (
                "labels".to_owned(),
                numbers(samples.labels().iter().map(|&label| label as i64).collect()),
            ),
            (
                "ids".to_owned(),
                numbers(samples.ids().iter().map(|&id| id.into()).collect()),
            ),
            (
                "initially_right".to_owned(),
                fates(|fate| fate != Fate::WrongWhenClean),
            ),
            ("never_broken".to_owned(), fates(|fate| fate == Fate::Standing)),
        ]);
        Ok(TensorFile {
            tensors,
            ..TensorFile::default()
        })
    }

    /// One line an image.
    fn csv(&self) -> Result<String> {
        let report = &self.report;
        let mut text = String::from("id,label,fate,worst_by,class_reached,distance,clean_right_draws");
        // Writing into a string does not fail.
        for rung in &report.rungs {
            let _ = write!(text, ",{0}_right_draws,up_to_{0}_right_draws", rung.rung);
        }
        text.push('\n');
        let samples = &self.target.samples;
        let by = report.rungs.last().map(|rung| rung.union_by.as_slice());
        for (i, distance) in self.distances()?.into_iter().enumerate() {
            let fate = match report.fates.get(i) {
                Some(Fate::WrongWhenClean) => "wrong-when-clean",
                Some(Fate::BrokenBy(rung)) => rung.name(),
                _ => "standing",
            };
            let worst = by.and_then(|by| by.get(i)?.as_deref()).unwrap_or("clean");
            let class = report.reached.get(i).copied().flatten();
            let _ = write!(
                text,
                "{},{},{fate},{worst},{},{distance},{}",
                samples.ids()[i],
                samples.labels()[i],
                class.map_or(String::new(), |class| class.to_string()),
                count(&report.clean.right_counts, i),
            );
            for rung in &report.rungs {
                let (own, union) = (&rung.own.right_counts, &rung.union.right_counts);
                let _ = write!(text, ",{},{}", count(own, i), count(union, i));
            }
            text.push('\n');
        }
        Ok(text)
    }
}

fn count(counts: &[u16], i: usize) -> u16 {
    counts.get(i).copied().unwrap_or_default()
}

/// A serialised value.
pub fn value_of(what: &impl Serialize) -> Result<Value> {
    serde_json::to_value(what).map_err(|error| Error::argument("ladder", "result", "finite numbers", error))
}
