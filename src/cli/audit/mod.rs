//! `crossmax audit`: is the robustness of a run's self-ensemble real, or do its gradients mislead attacks?

mod text;

use super::common::Common;
use super::fetch::Source;
use super::fraction::fraction;
use super::model::Member;
use super::network_flags::NetworkFlags;
use super::output::Output;
use super::parts::Parts;
use super::progress::Progress;
use super::target::{Choice, Target, Wanted};
use clap::Args;
use crossmax::attack_report::AttackReport;
use crossmax::attacks::{Oracle, PgdConfig, SeededStarts};
use crossmax::audit::masking::{self, Evidence, Thresholds};
use crossmax::audit::{Subject, black_box, comparators, controls, curves, probes, transfer};
use crossmax::ensemble::{Aggregation, FoldedSelfEnsemble};
use crossmax::replicate::Reporter;
use crossmax::{Error, Result};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Audit the self-ensemble of a run: probes of CrossMax, comparators, curves, null controls, and a verdict on gradient
/// masking.
///
/// Every audit attacks all images, misclassified ones included, with the same PGD, and scores with the same fresh draws,
/// so that two numbers differ by what was compared alone. Each part is written when it is done; a killed audit goes on
/// with the same command.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run directory
    run: PathBuf,
    /// Folder for the results; one with the same audit under way goes on
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Images with labels [default: the run's own]; see `crossmax attack --help`
    #[arg(long, value_name = "NAME|PATH")]
    data: Option<String>,
    /// Number of images
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    images: u32,
    /// Index of the first image
    #[arg(long, value_name = "I", default_value_t = 0)]
    first: u32,
    /// L∞ radius for colours in [0, 1]
    #[arg(long, value_name = "8/255|0.03", default_value = "8/255", value_parser = fraction)]
    eps: f64,
    /// Steps of PGD, of a tenth of the radius each
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    steps: u16,
    /// Draws each gradient is averaged over
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    eot: u16,
    /// Fresh draws that images are scored on, and draws of the probes
    #[arg(long, value_name = "R", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    redraws: u16,
    /// Curves take no more steps than this
    #[arg(long, value_name = "N", default_value_t = 640, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    most_steps: u16,
    /// Curves average over no more draws than this
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    most_eot: u16,
    /// Queries of Square, the attack that sees no gradients, on the defence
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..))]
    queries: u16,
    /// Rows (images × draws) evaluated at once; no influence on the result
    #[arg(long, value_name = "N", default_value_t = Oracle::<f32>::SUB_BATCH)]
    sub_batch: usize,
    #[command(flatten)]
    source: Source,
}

const EXAMPLES: &str = "\
Examples:
  crossmax audit runs/pocket --out runs/pocket-audit
  crossmax audit runs/cifar100-small --images 128 --out runs/small-audit
  crossmax audit runs/pocket --images 8 --steps 10 --most-steps 40 --most-eot 5 --out runs/quick-audit --json";

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    let progress = Progress::new(output);
    let wanted = Wanted {
        model: &arguments.run,
        member: Some(Member::Ensemble),
        network: &NetworkFlags::default(),
        data: arguments.data.as_deref(),
        source: &arguments.source,
        choice: Choice::in_a_row(arguments.first, arguments.images),
    };
    if !arguments.run.is_dir() {
        let told = format!("{}: an audit needs a run directory", arguments.run.display());
        return Err(Error::Usage(told));
    }
    let target = Target::open(wanted, common, &progress)?;
    let folded = FoldedSelfEnsemble::new(target.model.ensemble()?)?;
    let starts = SeededStarts::new(target.seed);
    let subject = Subject {
        ensemble: &folded,
        target: Aggregation::CrossMax,
        samples: &target.samples,
        starts: &starts,
        sub_batch: arguments.sub_batch,
        repeats: arguments.redraws,
    };
    let found = audit_all(arguments, &target, &subject, &progress)?;
    output.result(&text::text(&found, &arguments.out), &found.object)
}

/// Everything that was found.
pub struct Found {
    probes: probes::Probes,
    comparisons: comparators::Comparisons,
    transfer: transfer::TransferMatrix,
    steps: curves::Curve,
    eot: curves::Curve,
    eps: curves::Curve,
    controls: controls::NullControls,
    black_box: black_box::BlackBox,
    panel: masking::MaskingPanel,
    object: Value,
}

fn audit_all(
    arguments: &Arguments,
    target: &Target,
    subject: &Subject<'_>,
    progress: &Progress,
) -> Result<Found> {
    let pgd = PgdConfig {
        step_size: arguments.eps / 10.0,
        eot: arguments.eot,
        ..PgdConfig::new(arguments.eps, arguments.steps)
    };
    let settings = json!({
        "pgd": pgd,
        "redraws": arguments.redraws,
        "most_steps": arguments.most_steps,
        "most_eot": arguments.most_eot,
        "queries": arguments.queries,
    });
    let identity = format!("{} {settings}", target.identity());
    let parts = Parts::open("audit", &arguments.out, identity, progress)?;
    let most = |values: &[u16], most: u16| -> Vec<u16> {
        values.iter().copied().filter(|&value| value <= most).collect()
    };
    let mut steps = most(&curves::STEPS, arguments.most_steps);
    if steps.is_empty() {
        steps.push(arguments.most_steps);
    }
    let eot = most(&curves::EOT, arguments.most_eot);
    let eps: Vec<f64> = curves::EPS_255
        .iter()
        .map(|&eps| f64::from(eps) / 255.0)
        .collect();
    let starts = SeededStarts::new(target.seed);
    let usual = comparators::usual(subject, arguments.redraws.min(8));
    let probes = parts.part("probes", |tell| probes::run(subject, arguments.redraws, tell))?;
    let comparisons = parts.part("comparators", |tell| {
        comparators::run(subject, &usual, &pgd, tell)
    })?;
    let transfer = parts.part("transfer", |tell| transfer::run(subject, &pgd, tell))?;
    let steps = parts.part("steps", |tell| curves::steps_ladder(subject, &pgd, &steps, tell))?;
    let eot = parts.part("eot", |tell| curves::eot_ladder(subject, &pgd, &eot, tell))?;
    let eps = parts.part("eps", |tell| curves::eps_sweep(subject, &pgd, &eps, tell))?;
    let controls = parts.part("controls", |tell| controls::run(subject, &pgd, tell))?;
    let black_box = parts.part("square", |tell| {
        black_box::run(
            subject,
            &starts,
            &black_box::settings(arguments.eps, arguments.queries),
            tell,
        )
    })?;
    let evidence = Evidence {
        probes: &probes,
        comparisons: &comparisons,
        steps: &steps,
        eot: Some(&eot),
        eps: &eps,
        black_box: Some(&black_box.scores),
    };
    let panel = masking::run(&evidence, Thresholds::default())?;
    let object = json!({
        "run": target.path,
        "weights_sha256": target.weights_sha256,
        "data": target.origin,
        "data_sha256": target.data_sha256,
        "images": target.samples.len(),
        "seed": target.seed,
        "settings": settings,
        "probes": probes,
        "comparators": comparisons,
        "transfer": transfer,
        "steps": steps,
        "eot": eot,
        "eps": eps,
        "controls": controls,
        "square": black_box,
        "masking": panel,
    });
    parts.finish(&object)?;
    let mut page = AttackReport::new();
    page.add(&arguments.out)?;
    page.save(&arguments.out.join("report.html"))?;
    progress.line(&format!("written to {}", arguments.out.display()));
    Ok(Found {
        probes,
        comparisons,
        transfer,
        steps,
        eot,
        eps,
        controls,
        black_box,
        panel,
        object,
    })
}
