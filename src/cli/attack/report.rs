//! What an attack found, for people and for programs: all of it from the journal.

use crossmax::attack_report::AttackReport;
use crossmax::attacks::{Scores, Share};
use crossmax::campaign::{Header, ImageResult, Summary};
use crossmax::io::{TensorFile, atomic, save_npz};
use crossmax::{Error, Result};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// The numbers of an attack.
pub struct Report<'a> {
    header: &'a Header,
    results: &'a [ImageResult],
    summary: Summary,
}

impl<'a> Report<'a> {
    /// The report of `results`.
    pub fn new(header: &'a Header, results: &'a [ImageResult]) -> Self {
        Self {
            header,
            results,
            summary: Summary::of(header, results),
        }
    }

    /// Writes `images.csv`, `attack.json`, `robustbench.json` and `report.html` into `folder`, and `adversarial.npz` if that is wanted.
    pub fn save(&self, folder: &Path, npz: bool) -> Result<()> {
        if npz {
            npz_of(folder)?;
        }
        for (name, text) in self.tables()? {
            atomic::write(&folder.join(name), text.as_bytes())?;
        }
        let mut page = AttackReport::new();
        page.add(folder)?;
        page.save(&folder.join("report.html"))
    }

    /// The files of numbers, by name: all of them made of the journal alone.
    pub fn tables(&self) -> Result<[(&'static str, String); 3]> {
        Ok([
            ("images.csv", self.csv()),
            ("attack.json", format!("{:#}\n", self.json()?)),
            ("robustbench.json", format!("{:#}\n", self.robustbench())),
        ])
    }

    /// For people.
    pub fn text(&self, out: &Path) -> String {
        let (config, summary) = (&self.header.config, &self.summary);
        let mut lines = vec![format!(
            "{}-bounded by {:.5}, {} images, 95 % intervals",
            config.norm, config.eps, summary.initial.of
        )];
        let mut one = |name: &str, share: &Share| {
            lines.push(format!("  {name:<26}{}", percent(share.fraction, share.ci95)))
        };
        one("right before all attacks", &summary.initial);
        summary
            .after
            .iter()
            .for_each(|(attack, share)| one(&format!("left after {attack}"), share));
        let conditions = [&summary.attack, &summary.noise, &summary.looking];
        let names = conditions
            .map(|condition| format!("{:<26}", condition.name))
            .concat();
        lines.push(format!("  {:<26}{}", "", names.trim_end()));
        for (name, score) in rows(self.header.redraws) {
            let cells = conditions.map(|condition| {
                let (fraction, ci95) = score(&condition.scores);
                format!("{:<26}", percent(fraction, ci95))
            });
            lines.push(format!("  {name:<26}{}", cells.concat().trim_end()));
        }
        if self.header.redraws > 1 {
            let errors = conditions.map(|condition| {
                let error = 100.0 * condition.scores.mean.standard_error;
                format!("{:<26}", format!("±{error:5.2}"))
            });
            let errors = errors.concat();
            lines.push(format!("  {:<26}{}", "  its standard error", errors.trim_end()));
        }
        if self.header.random {
            lines.push(format!("  {UNATTACKED}"));
        }
        let broken = summary
            .broken_by
            .iter()
            .map(|(attack, count)| format!("{attack} {count}"));
        lines.push(format!(
            "  broken first by: {}",
            broken.collect::<Vec<_>>().join(", ")
        ));
        lines.push(format!("  largest perturbation {:.5}", summary.largest_distance));
        if self.header.bisections > 0 {
            let radius = summary.median_smallest_radius;
            let told = radius.map_or("more than was looked for".into(), |radius| format!("{radius:.5}"));
            lines.push(format!(
                "  median of the smallest bounds that break an image: {told}, over the {} that were right",
                summary.initial.count
            ));
        }
        lines.extend(
            summary
                .warnings
                .iter()
                .map(|warning| format!("warning: {warning}")),
        );
        lines.push(format!("written to {}", out.display()));
        lines.join("\n")
    }

    /// For programs.
    pub fn json(&self) -> Result<Value> {
        let mut object = self.header.attack.clone();
        let scores = &self.summary.attack.scores;
        object["seed"] = self.header.seed.into();
        object["random"] = self.header.random.into();
        object["images"] = self.results.len().into();
        object["config"] = value_of(&self.header.config)?;
        if let Some(shard) = self.header.shard {
            object["shard"] = value_of(&shard)?;
        }
        object["redrawn"] = json!({ "mean": scores.mean.fraction, "draws": self.header.redraws });
        object["largest_perturbation"] = self.summary.largest_distance.into();
        object["summary"] = value_of(&self.summary)?;
        Ok(object)
    }

    /// As the entries of RobustBench's `model_info`; what it does not know is null.
    fn robustbench(&self) -> Value {
        let percent = |fraction: f64| format!("{:.2}", 100.0 * fraction);
        let config = &self.header.config;
        let names: Vec<&str> = config.attacks.iter().map(|attack| attack.name()).collect();
        json!({
            "link": null,
            "name": self.header.attack["model"],
            "authors": null,
            "additional_data": null,
            "number_forward_passes": null,
            "dataset": self.header.attack["data"],
            "venue": null,
            "architecture": self.header.attack["member"],
            "eps": config.eps,
            "threat_model": config.norm.to_string(),
            "clean_acc": percent(self.summary.looking.scores.mean.fraction),
            "reported": null,
            "autoattack_acc": percent(self.summary.attack.scores.never_broken.fraction),
            "footnote": format!(
                "{} on {} images; {} on {} fresh draws of the images that the attacks left",
                names.join(", "),
                self.results.len(),
                percent(self.summary.attack.scores.mean.fraction),
                self.header.redraws
            ),
            "unreliable": self.header.random,
        })
    }

    /// One line an image.
    fn csv(&self) -> String {
        let mut text = String::from(
            "position,id,label,initial_prediction,broken_by,class_reached,iterate,distance,right_draws,clean_right_draws,\
             noise_right_draws,smallest_radius\n",
        );
        let summary = &self.summary;
        for (i, result) in self.results.iter().enumerate() {
            let record = &result.record;
            let or_empty = |value: Option<String>| value.unwrap_or_default();
            let broken = record.broken;
            let right = |scores: &Scores| scores.right_counts.get(i).copied().unwrap_or_default();
            // Writing into a string does not fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{},{},{}",
                result.position,
                record.id,
                record.label,
                record.initial_prediction,
                broken.map_or("", |broken| broken.by.name()),
                or_empty(broken.map(|broken| broken.prediction.to_string())),
                or_empty(
                    broken
                        .and_then(|broken| broken.iterate)
                        .map(|iterate| iterate.to_string())
                ),
                result.distance,
                right(&summary.attack.scores),
                right(&summary.looking.scores),
                right(&summary.noise.scores),
                or_empty(
                    result
                        .smallest_radius
                        .and_then(|radius| radius.broken)
                        .map(|radius| radius.to_string())
                ),
            );
        }
        text
    }

    /// "3 h 12 min", "5 min", "40 s"
    pub fn duration(seconds: f64) -> String {
        let minutes = seconds / 60.0;
        match seconds {
            s if s >= 86_400.0 => format!("{:.1} days", s / 86_400.0),
            s if s >= 3600.0 => format!("{} h {:02} min", (minutes / 60.0) as u64, minutes as u64 % 60),
            s if s >= 120.0 => format!("{minutes:.0} min"),
            s => format!("{s:.0} s"),
        }
    }
}

/// What the scores of a random classifier are not.
const UNATTACKED: &str = "(Images wrong before all attacks, and those that no attack broke, count with their clean image; \
                          `crossmax ladder` attacks them all.)";

/// A score's name, and how it is read.
type Row = (String, fn(&Scores) -> (f64, (f64, f64)));

/// All scores, with their names.
fn rows(redraws: u16) -> [Row; 5] {
    [
        ("never broken".into(), |s| {
            (s.never_broken.fraction, s.never_broken.ci95)
        }),
        ("re-drawn once".into(), |s| {
            (s.one_redraw.fraction, s.one_redraw.ci95)
        }),
        (format!("mean over {redraws} draws"), |s| {
            (s.mean.fraction, s.mean.ci95)
        }),
        (format!("vote of {redraws} draws"), |s| {
            (s.vote.fraction, s.vote.ci95)
        }),
        (format!("right on all {redraws} draws"), |s| {
            (s.worst.fraction, s.worst.ci95)
        }),
    ]
}

/// " 43.75 % (28.2 to 60.7)"
fn percent(fraction: f64, (low, high): (f64, f64)) -> String {
    format!(
        "{:6.2} % ({:.1} to {:.1})",
        100.0 * fraction,
        100.0 * low,
        100.0 * high
    )
}

fn value_of(what: &impl Serialize) -> Result<Value> {
    serde_json::to_value(what).map_err(|error| Error::argument("attack", "result", "finite numbers", error))
}

/// The images of a finished attack for NumPy, under the names that RobustBench uses.
fn npz_of(folder: &Path) -> Result<()> {
    let path = folder.join("adversarial.safetensors");
    let file = TensorFile::load(&path)?;
    let arrays = [
        ("x_adv", "images"),
        ("x", "clean"),
        ("y", "labels"),
        ("ids", "ids"),
    ];
    let found = arrays
        .iter()
        .map(|&(name, tensor)| Some((name, file.tensors.get(tensor)?)));
    let Some(arrays) = found.collect::<Option<Vec<_>>>() else {
        return Err(Error::format(
            path,
            "the images of an attack",
            "others",
            "run the attack again",
        ));
    };
    save_npz(&folder.join("adversarial.npz"), &arrays)
}
