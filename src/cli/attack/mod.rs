//! `crossmax attack`: AutoAttack on a run or on any ResNet.

mod folder;
mod report;
mod request;
mod settings;

use super::common::Common;
use super::fetch::Source;
use super::fraction::fraction;
use super::model::{self, Member, StemKind};
use super::output::Output;
use super::progress::Progress;
use clap::{Args, ValueEnum};
use crossmax::Result;
use crossmax::attacks::{AttackKind, AutoAttackProgress, Norm, Oracle, SeededStarts, Version, autoattack};
use crossmax::replicate::{Reporter, check_stop};
use folder::Folder;
use report::Report;
pub use request::Request;
use settings::settings;
use std::path::PathBuf;

/// Attack a run's self-ensemble, one of its members, or any ResNet with AutoAttack.
///
/// Runs AutoAttack's attacks one after the other on the images that are still robust, and writes the adversarial images,
/// one line an image, and a summary into a folder. What an attack does to an image depends on that image, the settings
/// and the seed alone. A killed attack goes on with the same command, to the same bits.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run directory, or the weights of a ResNet: .safetensors or PyTorch's .pth
    model: PathBuf,
    /// Images with labels: a data set, whose test images are taken (a file or folder as `replicate --data` reads, or
    /// `cifar100`, `cifar10`, `mnist`, fetched if missing), or a .safetensors file with `images` and `labels` [default: for
    /// a run its own]
    #[arg(long, value_name = "NAME|PATH")]
    data: Option<String>,
    /// Folder for the results; one with the same attack under way goes on
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of images
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    images: u32,
    /// Index of the first image
    #[arg(long, value_name = "I", default_value_t = 0)]
    first: u32,
    /// Fresh draws over which the resulting images are scored
    #[arg(long, value_name = "R", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    redraws: u16,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    source: Source,
}

/// The attacks.
#[derive(Args)]
#[command(next_help_heading = "The attacks")]
pub struct How {
    /// Which attacks: standard, plus or rand [default: rand for a random classifier, else standard]
    #[arg(long, value_name = "NAME", value_parser = str::parse::<Version>)]
    version: Option<Version>,
    /// These attacks, in this order, instead of the version's: apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', value_parser = str::parse::<AttackKind>)]
    attacks: Option<Vec<AttackKind>>,
    /// Norm of the perturbation: Linf, L2 or L1
    #[arg(long, value_name = "NORM", default_value = "Linf", value_parser = str::parse::<Norm>)]
    norm: Norm,
    /// Its bound for colours in [0, 1] [default: 8/255 for Linf, 0.5 for L2, 12 for L1]
    #[arg(long, value_name = "8/255|0.03", value_parser = fraction, allow_hyphen_values = true)]
    eps: Option<f64>,
    /// Iterations of APGD and FAB [default: 100]
    #[arg(long, value_name = "N")]
    iterations: Option<u16>,
    /// Draws that APGD averages gradients over [default: 20 in rand, else 1]
    #[arg(long, value_name = "N")]
    eot: Option<u16>,
    /// Random starts of APGD-CE and APGD-DLR [default: the version's]
    #[arg(long, value_name = "N")]
    restarts: Option<u16>,
    /// Target classes of APGD-T and FAB-T [default: the version's]
    #[arg(long, value_name = "N")]
    targets: Option<u16>,
    /// Queries of Square [default: 5000]
    #[arg(long, value_name = "N")]
    queries: Option<u16>,
    /// Reproduce the faults of the reference implementation, which are otherwise mended
    #[arg(long, value_name = "autoattack")]
    compat: Option<Compat>,
    /// Images that are attacked together; the attack can go on after each block
    #[arg(long, value_name = "N")]
    block: Option<usize>,
    /// Rows (images × draws) evaluated at once; no influence on the result
    #[arg(long, value_name = "N", default_value_t = Oracle::<f32>::SUB_BATCH)]
    sub_batch: usize,
}

/// Whose faults are reproduced.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Compat {
    /// fra31/auto-attack at a392200.
    Autoattack,
}

/// Who is attacked.
#[derive(Args)]
#[command(next_help_heading = "The model")]
pub struct Whom {
    /// Who is attacked: for a run the ensemble if not given, a weights file has only its backbone
    #[arg(long, value_name = "backbone|layer:N|ensemble")]
    member: Option<Member>,
    /// Mean of the colours for a weights file [default: ImageNet's 0.485,0.456,0.406]
    #[arg(long, value_name = "R,G,B", value_parser = model::colour, allow_hyphen_values = true)]
    mean: Option<[f64; 3]>,
    /// Standard deviation of the colours for a weights file [default: ImageNet's 0.229,0.224,0.225]
    #[arg(long, value_name = "R,G,B", value_parser = model::colour)]
    std: Option<[f64; 3]>,
    /// Stem of a weights file: imagenet has stride 2 and a pool, cifar neither [default: by the size of its window]
    #[arg(long, value_name = "cifar|imagenet")]
    stem: Option<StemKind>,
}

const EXAMPLES: &str = "\
Examples:
  crossmax attack runs/pocket --images 64 --out runs/pocket-attack
  crossmax attack runs/pocket --member backbone --version standard --out runs/backbone-attack
  crossmax attack resnet18.pth --data cifar10 --stem cifar --norm L2 --eps 0.5 --images 100 --out runs/resnet18-l2
  crossmax attack net.safetensors --data test.safetensors --attacks square --queries 1000 --out runs/square";

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    let progress = Progress::new(output);
    let request = Request::of(arguments)?;
    let target = request.target(&arguments.source, common, &progress)?;
    let classifier = target.model.classifier(target.member)?;
    let config = settings(&arguments.how, classifier.is_random());
    let oracle = Oracle::new(classifier.as_ref(), arguments.how.sub_batch)?;
    let folder = Folder::open(&arguments.out, &target.identity())?;
    let resume = folder.state()?;
    if resume.is_some() {
        progress.line(&format!("going on with {}", arguments.out.display()));
    }
    let names: Vec<&str> = config.attacks.iter().map(|attack| attack.name()).collect();
    progress.line(&format!(
        "{} on {} images, {} {:.5}: {}",
        target.member,
        target.samples.len(),
        config.norm,
        config.eps,
        names.join(", ")
    ));
    let advice = format!(
        "go on with the same command: what is done is in {}",
        arguments.out.display()
    );
    let total = config.attacks.len() * target.samples.len();
    progress.begin("AutoAttack", total as u64, "images × attacks");
    let state = autoattack(
        &oracle,
        &SeededStarts::new(target.seed),
        &target.samples,
        &config,
        resume,
        &mut |state| folder.save(state),
        &mut |at| {
            check_stop(&advice)?;
            let (done, text) = told(at, config.block, target.samples.len());
            progress.advance(done as u64, &text);
            Ok(())
        },
    )?;
    progress.end();
    let report = Report::new(&oracle, &target, &request, &config, &state)?;
    folder.finish(&target, &state, &report)?;
    output.result(&report.text(&arguments.out), &report.json()?)
}

/// How much is done, of images times attacks, and a line about it.
fn told(at: &AutoAttackProgress, block: usize, images: usize) -> (usize, String) {
    let done = at.attack_index * images + at.block * block;
    let share = f64::from(at.search.iteration) / f64::from(at.search.iterations.max(1));
    let within = (share * block.min(images.saturating_sub(at.block * block)) as f64) as usize;
    let text = format!(
        "{} block {}/{}, {} of {} fooled, {} not broken so far",
        at.attack,
        at.block + 1,
        at.blocks,
        at.search.fooled,
        at.search.images,
        at.robust
    );
    (done + within, text)
}
