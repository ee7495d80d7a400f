//! `crossmax verify`: does what an attack left behind hold?

mod attack;
mod files;
mod ladder;
mod origin;

use super::common::Common;
use super::fetch::Source;
use super::output::Output;
use super::progress::Progress;
use super::target::Target;
use clap::Args;
use crossmax::attacks::Oracle;
use crossmax::{Error, Result};
use origin::{Elsewhere, Origin};
use serde_json::json;
use std::path::PathBuf;

/// Check the results of `crossmax attack` or `crossmax ladder` from its files alone.
///
/// Reads the adversarial images again and checks them against the clean test images, which are read anew from their source
/// and compared by hash: finite, in [0, 1], within the norm's bound. Then asks the model again, in F32. For an attack everything
/// that the journal says of an image is computed anew but the search itself: the class before the attacks, the verdict on what
/// broke it, all fresh draws, both null controls, the distance; and all tables are made of the journal again and compared to the byte.
/// For a ladder it is the defence on the clean and on the worst images, image by image. Fails if anything does not hold. No file
/// tells whether an image that stands was really attacked; only another attack does.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The folder that `crossmax attack --out` or `crossmax ladder --out` wrote
    folder: PathBuf,
    /// Rows (images × draws) evaluated at once; no influence on the result
    #[arg(long, value_name = "N", default_value_t = Oracle::<f32>::SUB_BATCH)]
    sub_batch: usize,
    #[command(flatten)]
    elsewhere: Elsewhere,
    #[command(flatten)]
    source: Source,
}

const EXAMPLES: &str = "\
Examples:
  crossmax verify runs/pocket-attack
  crossmax verify runs/pocket-attack --json
  crossmax verify received/attack --model received/run --data cifar100";

/// One check and how it ended.
struct Check {
    what: &'static str,
    found: String,
    holds: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    let progress = Progress::new(output);
    let origin = Origin::read(&arguments.folder)?;
    let common = Common {
        seed: Some(origin.seed),
        ..common.clone()
    };
    let request = arguments.elsewhere.request(&origin.request)?;
    let mut target = request.target(origin.shard, &arguments.source, &common, &progress)?;
    let pictures = files::Pictures::read(&arguments.folder)?;
    // An attack may have stopped once enough was known.
    target.samples = target.first(pictures.clean.shape().axis(0))?;
    let mut checks = files::checks(&origin, &target, &pictures)?;
    if checks.iter().all(|check| check.holds) {
        let again = Again {
            arguments,
            origin: &origin,
            target: &target,
            progress: &progress,
        };
        checks.extend(match origin.is_ladder {
            true => ladder::checks(&again, &pictures)?,
            false => attack::checks(&again, &pictures)?,
        });
    }
    tell(&checks, output)?;
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

/// What is needed to ask the model again.
struct Again<'a> {
    arguments: &'a Arguments,
    origin: &'a Origin,
    target: &'a Target,
    progress: &'a Progress,
}

impl Again<'_> {
    /// Whether `wrong` images that contradict what is written are too many: one is, unless the results are another device's. There
    /// sums are rounded otherwise, and one image in twenty, or a single one, may be so near to a boundary that this shows.
    fn too_many(&self, wrong: usize) -> bool {
        let allowed = match self.origin.is_of(self.target) {
            true => 0,
            false => (self.target.samples.len() / 20).max(1),
        };
        wrong > allowed
    }
}

fn tell(checks: &[Check], output: Output) -> Result<()> {
    let line = |check: &Check| {
        let mark = if check.holds { "ok    " } else { "FAILED" };
        format!("{mark}  {}: {}", check.what, check.found)
    };
    let object = |check: &Check| json!({ "check": check.what, "found": check.found, "holds": check.holds });
    let lines: Vec<String> = checks.iter().map(line).collect();
    let objects: Vec<_> = checks.iter().map(object).collect();
    output.result(&lines.join("\n"), &json!({ "checks": objects }))
}
