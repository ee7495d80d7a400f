//! `crossmax attack`: AutoAttack on a run or on any network of a known family.

mod flags;
mod forecast;
mod report;
mod request;
mod settings;

use super::common::Common;
use super::fetch::Source;
use super::ladder;
use super::output::Output;
use super::progress::Progress;
use clap::{Args, FromArgMatches};
use crossmax::attacks::Oracle;
use crossmax::campaign::{Campaign, CampaignProgress, Files, Shard, Task, Until, Way};
use crossmax::replicate::{Reporter, check_stop};
use crossmax::{Error, Result};
use flags::{AttackFlags, ModelFlags};
use forecast::Forecast;
pub use report::Report;
pub use request::{Request, full_name};
use serde_json::json;
use settings::{check, settings};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Attack a run's self-ensemble, one of its members, or a network from a file with AutoAttack.
///
/// Runs AutoAttack's attacks one after the other on the images that are still robust, then two null controls, which do the same
/// with nothing and with random noise in the place of the search, and looks at the results with fresh draws. Every image gets a line in a
/// journal; from these lines alone come the tables. What happens to an image depends on that image, the settings and the seed: not on
/// the shard it is in, the threads, or interruptions. A killed attack goes on with the same command, to the same bits, and loses seconds.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run directory, or the weights of a network: .safetensors or PyTorch's .pth; of a ResNet, or a WideResNet or
    /// PreActResNet as RobustBench has them
    model: PathBuf,
    /// Images with labels: a data set, whose test images are taken (a file or folder as `replicate --data` reads, or
    /// `cifar100`, `cifar10`, `mnist`, fetched if missing), or a .safetensors file with `images` and `labels` [default: for
    /// a run its own]
    #[arg(long, value_name = "NAME|PATH")]
    data: Option<String>,
    /// Folder for the results; one with the same attack under way goes on
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of images [default: 32, with --until-ci all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    images: Option<u32>,
    /// Place of the first image
    #[arg(long, value_name = "I", default_value_t = 0)]
    first: u32,
    /// Order of the images: as in the file, or stratified, at random with all classes in turn, so that any number of them is a fair
    /// sample
    #[arg(long, value_name = "file|stratified", default_value = "file", value_parser = str::parse::<Way>)]
    order: Way,
    /// Stop once the 95 % interval of the share never broken is no wider than this to both sides
    #[arg(long, value_name = "2%|0.02", value_parser = flags::share, conflicts_with = "shard")]
    until_ci: Option<f64>,
    /// Attack only every N-th image, from number I on; `crossmax merge` puts the N folders together
    #[arg(long, value_name = "I/N", default_value = "0/1", value_parser = str::parse::<Shard>)]
    shard: Shard,
    /// Fresh draws over which the resulting images are scored
    #[arg(long, value_name = "R", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    redraws: u16,
    /// Look for the smallest bound at which APGD-CE breaks each image, by so many halvings; 0: not
    #[arg(long, value_name = "ROUNDS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=30))]
    min_eps: u16,
    /// Write adversarial.npz as well: x_adv (N,3,H,W), y, ids
    #[arg(long)]
    npz: bool,
    /// Climb the adaptive ladder instead, as `crossmax ladder` does, which has more flags for it
    #[arg(long, conflicts_with_all = OF_ATTACKS_ALONE)]
    ladder: bool,
    #[command(flatten)]
    how: AttackFlags,
    #[command(flatten)]
    whom: ModelFlags,
    #[command(flatten)]
    source: Source,
}

/// Flags that the ladder does not know: it says itself whom it attacks, and how.
const OF_ATTACKS_ALONE: [&str; 17] = [
    "version",
    "attacks",
    "norm",
    "targets",
    "queries",
    "compat",
    "shard",
    "until_ci",
    "min_eps",
    "npz",
    "member",
    "mean",
    "std",
    "stem",
    "activation",
    "shortcut",
    "classes",
];

const EXAMPLES: &str = "\
Examples:
  crossmax attack runs/pocket --images 64 --out runs/pocket-attack
  crossmax attack runs/pocket --ladder --images 64 --out runs/pocket-ladder
  crossmax attack runs/pocket --order stratified --until-ci 5% --out runs/pocket-until
  crossmax attack runs/pocket --member backbone --version standard --out runs/backbone-attack
  crossmax attack runs/pocket --images 64 --shard 0/4 --out runs/shard-0
  crossmax attack resnet18.pth --data cifar10 --stem cifar --norm L2 --eps 0.5 --images 100 --out runs/resnet18-l2
  crossmax attack wrn-28-10.pt --data cifar10 --classes 10 --images 1000 --out runs/wrn
  crossmax attack net.safetensors --data test.safetensors --attacks square --queries 1000 --out runs/square

Files: journal.jsonl (a line an image), images.csv, attack.json, robustbench.json, adversarial.safetensors.";

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    if arguments.ladder {
        return ladder::run(&arguments.for_ladder()?, common, output);
    }
    check(&arguments.how)?;
    let progress = Progress::new(output);
    let mut request = Request::of(arguments)?;
    if request.is_empty(arguments.shard) {
        // Finished as it is: a job of many must not fail for want of images.
        let told = format!(
            "shard {} has no image to attack: nothing is written",
            arguments.shard
        );
        return output.result(&told, &json!({ "shard": arguments.shard, "images": 0 }));
    }
    let target = request.target(arguments.shard, &arguments.source, common, &progress)?;
    // Whether it was said who answers does not matter.
    request.member = Some(target.member.to_string());
    let classifier = target.model.classifier(target.member)?;
    let oracle = Oracle::new(classifier.as_ref(), arguments.how.sub_batch)?;
    let mut campaign = Campaign {
        config: settings(&arguments.how, classifier.is_random()),
        seed: target.seed,
        redraws: arguments.redraws,
        bisections: arguments.min_eps,
    };
    let mut header = campaign.header(&oracle, target.images_of_all, target.header(&request)?);
    header.shard = (arguments.shard != Shard::WHOLE).then_some(arguments.shard);
    header.check()?;
    let &[_, h, w, c] = target.samples.images().dims() else {
        return Ok(());
    };
    let (mut files, known) = Files::open(&arguments.out, &header, [h, w, c])?;
    if !known.is_empty() {
        let (done, images) = (known.len(), target.samples.len());
        progress.line(&format!(
            "going on with {}: {done} of {images} images are done",
            arguments.out.display()
        ));
    }
    let names: Vec<&str> = campaign
        .config
        .attacks
        .iter()
        .map(|attack| attack.name())
        .collect();
    progress.line(&format!(
        "{} on {} images, {} {:.5}: {}",
        target.member,
        target.samples.len(),
        campaign.config.norm,
        campaign.config.eps,
        names.join(", ")
    ));
    let until = arguments.until_ci.map_or(Until::All, Until::Interval);
    let left = target.samples.len().saturating_sub(known.len());
    if left > 0 {
        let forecast = Forecast::of(&oracle, &target.samples, &campaign)?;
        progress.line(&forecast.told(left));
        campaign.config.block = arguments
            .how
            .block
            .unwrap_or(forecast.group(&campaign.config, oracle.is_random()));
    }
    let tape = files.tape(
        &target.identity(),
        Duration::from_secs(arguments.how.save_every.into()),
    )?;
    let oracle = oracle.recorded_on(&tape);
    let advice = format!(
        "go on with the same command: what is done is in {}",
        arguments.out.display()
    );
    progress.begin("AutoAttack", PER_MILLE, "‰");
    let results = campaign.run(
        &oracle,
        (&target.samples, &target.positions),
        (&mut files, known),
        until,
        &mut |at| {
            check_stop(&advice)?;
            let (done, text) = told(at);
            progress.advance(done, &text);
            Ok(())
        },
    )?;
    let robust = results.iter().filter(|result| result.record.is_robust()).count();
    progress.advance(
        PER_MILLE,
        &format!("{} images done, {robust} never broken", results.len()),
    );
    progress.end();
    files.finish(&results, &target.first(results.len())?)?;
    let report = Report::new(&header, &results);
    report.save(&arguments.out, arguments.npz)?;
    output.result(&report.text(&arguments.out), &report.json()?)
}

impl Arguments {
    /// The same flags for `crossmax ladder`.
    fn for_ladder(&self) -> Result<ladder::Arguments> {
        let mut line: Vec<OsString> = vec!["ladder".into(), self.model.clone().into()];
        let mut add = |flag: &str, value: Option<OsString>| {
            if let Some(value) = value {
                line.extend([flag.into(), value]);
            }
        };
        let number = |value: Option<u16>| value.map(|value| value.to_string().into());
        add("--out", Some(self.out.clone().into()));
        add("--data", self.data.clone().map(OsString::from));
        add("--images", self.images.map(|images| images.to_string().into()));
        add("--first", Some(self.first.to_string().into()));
        add("--order", Some(self.order.name().into()));
        add("--redraws", number(Some(self.redraws)));
        add("--eps", self.how.eps.map(|eps| eps.to_string().into()));
        add("--iterations", number(self.how.iterations));
        add("--eot", number(self.how.eot));
        add("--restarts", number(self.how.restarts));
        add("--block", self.how.block.map(|block| block.to_string().into()));
        add("--save-every", number(Some(self.how.save_every)));
        add("--sub-batch", Some(self.how.sub_batch.to_string().into()));
        let refused = |error: clap::Error| {
            let told = error.to_string();
            let first = told.lines().next().unwrap_or_default();
            Error::Usage(first.trim_start_matches("error: ").to_owned())
        };
        let command = ladder::Arguments::augment_args(clap::Command::new("ladder"));
        let matches = command.try_get_matches_from(line).map_err(refused)?;
        let mut arguments = ladder::Arguments::from_arg_matches(&matches).map_err(refused)?;
        arguments.source = self.source.clone();
        Ok(arguments)
    }
}

/// The whole of an attack's progress.
const PER_MILLE: u64 = 1000;

/// How much is done, and a line about it.
fn told(at: &CampaignProgress) -> (u64, String) {
    let images = at.done as f64 + at.share_of_group() * at.group as f64;
    let doing = match at.task {
        Task::Attack(attack) => format!(
            "{}, {} of {} fooled",
            attack.attack, attack.search.fooled, attack.search.images
        ),
        Task::Control => "null controls".into(),
        Task::Score => "fresh draws".into(),
        Task::Bisection(_) => "smallest radius".into(),
    };
    let text = format!(
        "{} of {} images done, {} never broken; {} under way: {doing}",
        at.done, at.images, at.robust, at.group
    );
    let share = images / at.images.max(1) as f64;
    ((PER_MILLE as f64 * share) as u64, text)
}
