//! `crossmax ladder`: adaptive attacks on a run's self-ensemble, rung by rung, and what they leave together.

mod archive;
mod report;
mod text;

use super::attack::{Request, full_name};
use super::common::Common;
use super::fetch::Source;
use super::fraction::fraction;
use super::network_flags::NetworkFlags;
use super::output::Output;
use super::parts::Parts;
use super::progress::Progress;
use archive::Searches;
use clap::Args;
use crossmax::attacks::{Oracle, SeededStarts};
use crossmax::audit::Subject;
use crossmax::audit::ladder::{Ladder, LadderConfig, RungName};
use crossmax::campaign::{Shard, Way};
use crossmax::ensemble::{Aggregation, FoldedSelfEnsemble};
use crossmax::replicate::{Reporter, full_path};
use crossmax::{Error, Result};
use report::Results;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Attack a run's self-ensemble with the adaptive ladder: AutoAttack rand as papers quote it, all images, the smooth surrogate, single
/// members and layer subsets, 100 draws a gradient, warm starts on the defence, restarts.
///
/// Every perturbation is measured from the clean image. For each image the worst candidate so far is chosen by selection draws and
/// scored on other, fresh draws. What an attack does to an image depends on that image, the settings and the seed alone. A killed
/// ladder goes on with the same command, to the same bits, and loses seconds.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run directory
    run: PathBuf,
    /// Folder for the results; one with the same ladder under way goes on
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Images with labels [default: the run's own]; see `crossmax attack --help`
    #[arg(long, value_name = "NAME|PATH")]
    data: Option<String>,
    /// Number of images
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    images: u32,
    /// Place of the first image
    #[arg(long, value_name = "I", default_value_t = 0)]
    first: u32,
    /// Order of the images: as in the file, or stratified, at random with all classes in turn
    #[arg(long, value_name = "file|stratified", default_value = "file", value_parser = str::parse::<Way>)]
    order: Way,
    /// Fresh draws that images are scored on
    #[arg(long, value_name = "R", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    redraws: u16,
    #[command(flatten)]
    how: LadderFlags,
    #[command(flatten)]
    pub source: Source,
}

/// What the attacks cost.
#[derive(Args)]
#[command(next_help_heading = "The attacks")]
struct LadderFlags {
    /// The rungs to climb: autoattack-rand, all-images, surrogate, members, eot-100, warm-start, restarts [default: all]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', value_parser = str::parse::<RungName>)]
    rungs: Option<Vec<RungName>>,
    /// L∞ radius for colours in [0, 1]
    #[arg(long, value_name = "8/255|0.03", default_value = "8/255", value_parser = fraction)]
    eps: f64,
    /// Iterations of every search; PGD's steps are a tenth of the radius each
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    iterations: u16,
    /// Draws each gradient of the defence itself is averaged over
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    eot: u16,
    /// Draws each gradient of the surrogate, of members and of subsets is averaged over
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    surrogate_eot: u16,
    /// Draws each gradient of rung eot-100 is averaged over
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    most_eot: u16,
    /// Random starts of rung restarts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=128))]
    restarts: u16,
    /// Draws that choose an image's worst candidate
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    selection: u16,
    /// Images that are attacked together; no influence on the result
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    block: u16,
    /// Seconds of work that a killed ladder loses at most, and an iteration
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    save_every: u16,
    /// Rows (images × draws) evaluated at once; no influence on the result
    #[arg(long, value_name = "N", default_value_t = Oracle::<f32>::SUB_BATCH)]
    sub_batch: usize,
}

const EXAMPLES: &str = "\
Examples:
  crossmax ladder runs/pocket --out runs/pocket-ladder
  crossmax ladder runs/cifar100-small --images 128 --order stratified --out runs/small-ladder
  crossmax ladder runs/pocket --rungs autoattack-rand,surrogate,eot-100 --most-eot 20 --out runs/short-ladder
  crossmax verify runs/pocket-ladder

Files: ladder.json, ladder.csv (a line an image), adversarial.safetensors (the worst images), a .json for every rung, searches/.";

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    let progress = Progress::new(output);
    if !arguments.run.is_dir() {
        let told = format!("{}: a ladder needs a run directory", arguments.run.display());
        return Err(Error::Usage(told));
    }
    let request = Request {
        model: full_path(&arguments.run)?,
        member: None,
        network: NetworkFlags::default(),
        data: full_name(arguments.data.as_deref())?,
        first: arguments.first,
        images: Some(arguments.images),
        order: arguments.order,
        redraws: arguments.redraws,
    };
    let target = request.target(Shard::WHOLE, &arguments.source, common, &progress)?;
    let folded = FoldedSelfEnsemble::new(target.model.ensemble()?)?;
    let starts = SeededStarts::new(target.seed);
    let subject = Subject {
        ensemble: &folded,
        target: Aggregation::CrossMax,
        samples: &target.samples,
        starts: &starts,
        sub_batch: arguments.how.sub_batch,
        repeats: arguments.redraws,
    };
    let config = settings(&arguments.how);
    let settings = report::value_of(&config)?;
    let identity = format!("{} {settings} {}", target.identity(), arguments.redraws);
    let parts = Parts::open("ladder", &arguments.out, identity.clone(), &progress)?;
    let save_every = Duration::from_secs(arguments.how.save_every.into());
    let mut searches = Searches::open(&arguments.out, identity, save_every)?;
    let mut ladder = Ladder::new(subject, &starts, config.clone())?;
    let mut rungs = Vec::with_capacity(config.rungs.len());
    for &rung in &config.rungs {
        let begun = Instant::now();
        parts.watch(rung.name(), |tell| ladder.climb(rung, &mut searches, tell))?;
        let found = parts.part(rung.name(), |_| ladder.score())?;
        progress.line(&text::told(&found, begun.elapsed()));
        rungs.push(found);
    }
    let results = Results {
        target: &target,
        request: &request,
        images: ladder.worst(),
        report: ladder.report(rungs)?,
    };
    results.save(&parts, &arguments.out)?;
    searches.finish()?;
    output.result(&text::text(&results.report, &arguments.out), &results.json()?)
}

fn settings(how: &LadderFlags) -> LadderConfig {
    let usual = LadderConfig::new(how.eps);
    LadderConfig {
        iterations: how.iterations,
        eot: how.eot,
        surrogate_eot: how.surrogate_eot,
        most_eot: how.most_eot,
        restarts: how.restarts,
        selection: how.selection,
        rungs: how.rungs.clone().unwrap_or(usual.rungs),
        block: how.block.into(),
        ..usual
    }
}
