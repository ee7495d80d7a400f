//! `crossmax verify`: does what an attack left behind hold?

use super::attack::Request;
use super::common::Common;
use super::fetch::Source;
use super::output::Output;
use super::progress::Progress;
use super::target::Target;
use clap::Args;
use crossmax::attacks::{
    AttackSlot, Ball, Evaluation, LabelledImages, Norm, Oracle, distances, redrawn_accuracy,
};
use crossmax::audit::score;
use crossmax::campaign::Shard;
use crossmax::io::{Stored, TensorFile, atomic};
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};
use serde::Deserialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Check the results of `crossmax attack` or `crossmax ladder` from its files alone.
///
/// Reads the adversarial images again and checks them against the clean test images, which are read anew from their source
/// and compared by hash: finite, in [0, 1], within the norm's bound, also after rounding to 8 bits. Then asks the model
/// again, in F32, and compares the accuracy over fresh draws with the one that was written down. Fails if anything does
/// not hold.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The folder that `crossmax attack --out` or `crossmax ladder --out` wrote
    folder: PathBuf,
    /// Rows (images × draws) evaluated at once; no influence on the result
    #[arg(long, value_name = "N", default_value_t = Oracle::<f32>::SUB_BATCH)]
    sub_batch: usize,
    #[command(flatten)]
    source: Source,
}

const EXAMPLES: &str = "\
Examples:
  crossmax verify runs/pocket-attack
  crossmax verify runs/pocket-attack --json";

/// Bytes that the results may have.
const MOST: u64 = 64 << 20;

/// The part of the results that is checked.
#[derive(Deserialize)]
struct Written {
    request: Request,
    #[serde(default = "whole")]
    shard: Shard,
    seed: u64,
    data_sha256: String,
    weights_sha256: String,
    config: Threat,
    redrawn: Redrawn,
}

fn whole() -> Shard {
    Shard::WHOLE
}

#[derive(Deserialize)]
struct Threat {
    norm: Norm,
    eps: f64,
}

#[derive(Deserialize)]
struct Redrawn {
    mean: f64,
}

/// One check and how it ended.
struct Check {
    what: &'static str,
    found: String,
    holds: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    let progress = Progress::new(output);
    let ladder = arguments.folder.join("ladder.json");
    let (path, rescore): (_, Rescore) = match ladder.exists() {
        true => (ladder, of_ladder),
        false => (arguments.folder.join("attack.json"), of_attack),
    };
    let written: Written = serde_json::from_slice(&atomic::read_at_most(&path, MOST)?).map_err(|error| {
        let advice = "give the folder of a finished `crossmax attack` or `crossmax ladder`";
        Error::format(&path, "the results of an attack", error, advice)
    })?;
    let common = Common {
        seed: Some(written.seed),
        ..common.clone()
    };
    let mut target = written
        .request
        .target(written.shard, &arguments.source, &common, &progress)?;
    let images_path = arguments.folder.join("adversarial.safetensors");
    let file = TensorFile::load(&images_path)?;
    let [clean, images] = ["clean", "images"].map(|name| pictures(&file, name, &images_path));
    let (clean, images) = (clean?, images?);
    // An attack may have stopped once enough was known.
    target.samples = target.first(clean.shape().axis(0))?;
    let mut checks = of_files(&written, &target, &clean, &images)?;
    if checks.iter().all(|check| check.holds) {
        checks.extend(of_model(
            &written,
            &target,
            &images,
            (arguments.sub_batch, rescore),
        )?);
    }
    let lines: Vec<String> = checks
        .iter()
        .map(|check| {
            let mark = if check.holds { "ok    " } else { "FAILED" };
            format!("{mark}  {}: {}", check.what, check.found)
        })
        .collect();
    let objects: Vec<_> = checks
        .iter()
        .map(|check| json!({ "check": check.what, "found": check.found, "holds": check.holds }))
        .collect();
    output.result(&lines.join("\n"), &json!({ "checks": objects }))?;
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| !check.holds)
        .map(|check| check.what)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let advice = "do not quote its numbers";
    Err(Error::format(
        &arguments.folder,
        "an attack that holds",
        failed.join("; "),
        advice,
    ))
}

/// The pictures [N,H,W,3] called `name`.
fn pictures(file: &TensorFile, name: &str, path: &Path) -> Result<Tensor> {
    match file.tensors.get(name) {
        Some(Stored::F32(tensor)) if tensor.dims().len() == 4 => tensor.nchw_to_nhwc(),
        _ => {
            let advice = "run the attack again";
            Err(Error::format(
                path,
                format!("pictures `{name}` (N,3,H,W) f32"),
                "none",
                advice,
            ))
        }
    }
}

/// Checks that need no model.
fn of_files(written: &Written, target: &Target, clean: &Tensor, images: &Tensor) -> Result<Vec<Check>> {
    let samples = target.samples.images().to_host()?;
    let same = samples.shape() == clean.shape() && samples.to_vec()? == clean.to_vec()?;
    let mut checks = vec![
        Check {
            what: "the clean images are the test images",
            found: format!("SHA-256 {:.16}…", target.data_sha256),
            holds: same && target.data_sha256 == written.data_sha256,
        },
        Check {
            what: "the model's weights are those attacked",
            found: format!("SHA-256 {:.16}…", target.weights_sha256),
            holds: target.weights_sha256 == written.weights_sha256,
        },
    ];
    let values = images.to_vec()?;
    let outside = values
        .iter()
        .filter(|value| !(0.0..=1.0).contains(*value))
        .count();
    checks.push(Check {
        what: "all pixels are in [0, 1]",
        found: format!("{outside} of {} are not", values.len()),
        holds: outside == 0 && images.shape() == clean.shape(),
    });
    if images.shape() != samples.shape() || outside > 0 {
        return Ok(checks);
    }
    let Threat { norm, eps } = written.config;
    let largest = |images: &Tensor| -> Result<f64> {
        Ok(distances(norm, &samples, images)?.into_iter().fold(0.0, f64::max))
    };
    let here = samples_on_host(target)?;
    checks.push(Check {
        what: "all perturbations are within the bound",
        found: format!("{:.6} of {eps:.6} in {norm}", largest(images)?),
        holds: Ball::new(norm, eps)?.check(&here, images).is_ok(),
    });
    Ok(checks)
}

fn samples_on_host(target: &Target) -> Result<LabelledImages> {
    target.samples.on(&crossmax::device::Device::Cpu)
}

/// Checks that ask the model again.
fn of_model(
    written: &Written,
    target: &Target,
    images: &Tensor,
    (sub_batch, rescore): (usize, Rescore),
) -> Result<Vec<Check>> {
    let classifier = target.model.classifier(target.member)?;
    let oracle = Oracle::new(classifier.as_ref(), sub_batch)?;
    let score = |images: &Tensor| -> Result<f64> {
        let images = images.on(&target.samples.images().device())?;
        rescore(&oracle, &target.samples, &images, written.request.redraws)
    };
    let again = score(images)?;
    let rounded: Vec<f32> = images
        .to_vec()?
        .iter()
        .map(|value| (value * 255.0).round() / 255.0)
        .collect();
    let rounded = score(&Tensor::from_slice(*images.shape(), &rounded)?)?;
    let percent = |share: f64| 100.0 * share;
    Ok(vec![
        Check {
            what: "the accuracy over fresh draws is the one written down",
            found: format!(
                "{:.4} %, written {:.4} %",
                percent(again),
                percent(written.redrawn.mean)
            ),
            holds: (again - written.redrawn.mean).abs() < 1e-9,
        },
        Check {
            what: "the attack survives rounding to 8 bits",
            found: format!("{:.4} % right after rounding", percent(rounded)),
            // What rounding gives back must be within what few images and draws differ by chance.
            holds: rounded - again <= 0.1,
        },
    ])
}

/// The mean accuracy of the oracle's classifier on images made of the clean ones, over so many of the draws that they were scored
/// on.
type Rescore = fn(&Oracle<'_>, &LabelledImages, &Tensor, u16) -> Result<f64>;

fn of_attack(oracle: &Oracle<'_>, clean: &LabelledImages, images: &Tensor, redraws: u16) -> Result<f64> {
    let finals = clean.with_images(images.clone())?;
    Ok(redrawn_accuracy(oracle, &finals, Evaluation::AfterAutoAttack, redraws)?.mean)
}

fn of_ladder(oracle: &Oracle<'_>, clean: &LabelledImages, images: &Tensor, redraws: u16) -> Result<f64> {
    Ok(score(oracle, clean, images, AttackSlot::PGD, redraws)?
        .mean
        .fraction)
}
