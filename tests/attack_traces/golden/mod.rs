//! The whole driver against verdicts recorded from AutoAttack's code, on 64 images of a plain and of an adversarially
//! trained network. `tests/reference/golden.md` describes the recordings, and holds the table of what was found, which
//! `CROSSMAX_BLESS=1 cargo test --test attack_traces golden` writes anew.

mod network;
mod numbers;
mod table;
mod verdicts;

use crate::fixture::Trace;
use crate::no_progress;
use crossmax::Result;
use crossmax::attacks::{
    AttackSource, AutoAttackConfig, LabelledImages, Norm, Oracle, SeededStarts, Version, autoattack,
};
use network::{SmallNetwork, samples};
use numbers::RecordedNumbers;
use table::Row;
use verdicts::{Verdicts, recorded_flags};

/// Seed of the default mode's numbers.
const SEED: u64 = 0;

/// How far the projection of a perturbation may be from the recorded one. For L2 a short gradient makes rounding
/// large. For L1 rounding may choose other values, so that nothing is asked for.
fn tolerance(norm: Norm) -> f64 {
    match norm {
        Norm::Linf => 1e-10,
        Norm::L2 => 1e-6,
        Norm::L1 => f64::INFINITY,
    }
}

/// Settings of the recorded case.
fn settings(trace: &Trace) -> Result<AutoAttackConfig> {
    let (norm, eps) = (trace.text("norm").parse()?, trace.number("eps"));
    let base = AutoAttackConfig {
        iterations: trace.count("n_iter"),
        targets: trace.count("apgd_targets"),
        fab_targets: trace.count("fab_targets"),
        queries: trace.count("queries"),
        ..AutoAttackConfig::version(Version::Standard, norm, eps)
    };
    if trace.text("version") == "standard" {
        return Ok(base);
    }
    let attacks: Result<_> = trace.texts("attacks").iter().map(|name| name.parse()).collect();
    Ok(AutoAttackConfig {
        attacks: attacks?,
        restarts: trace.count("restarts"),
        fab_restarts: trace.count("fab_restarts"),
        ..base
    })
}

fn run(
    oracle: &Oracle<'_, f64>,
    source: &dyn AttackSource<f64>,
    all: &LabelledImages<f64>,
    config: &AutoAttackConfig,
) -> Result<Verdicts> {
    let state = autoattack(
        oracle,
        source,
        all,
        config,
        None,
        &mut no_progress,
        &mut no_progress,
    )?;
    Verdicts::of(&state, all)
}

/// What the reference and both modes find in a case.
fn row(case: &str, all: &LabelledImages<f64>) -> Result<Row> {
    let trace = Trace::load("golden")?.case(case);
    let network = SmallNetwork::new(&Trace::load("golden")?.case(&trace.text("network")))?;
    let oracle = Oracle::new(&network, 16)?;
    let config = settings(&trace)?;
    let compat = AutoAttackConfig {
        compat: true,
        ..config.clone()
    };
    let reference = Verdicts::recorded(&trace)?;
    let differing = |key| reference.differing(&recorded_flags(&trace, key, all.len()));
    Ok(Row {
        case: case.to_owned(),
        compat: run(&oracle, &RecordedNumbers(config.norm), all, &compat)?,
        default: run(&oracle, &SeededStarts::new(SEED), all, &config)?,
        unsettled: differing("robust_in_float32"),
        residues: match config.norm {
            Norm::L1 => differing("robust_with_residues"),
            Norm::Linf | Norm::L2 => Vec::new(),
        },
        reference,
    })
}

/// Differences of compat mode from the reference, but for images on which the reference differs from itself.
fn disagreements(row: &Row, norm: Norm) -> Vec<String> {
    let (reference, compat) = (&row.reference, &row.compat);
    let flags = reference.differing(&compat.robust);
    let settled = (0..reference.classes.len()).filter(|i| !row.unsettled.contains(i));
    let told = settled.filter_map(|i| {
        let moved = (reference.projections[i] - compat.projections[i]).abs();
        let class = reference.classes[i] != compat.classes[i];
        let wrong = flags.contains(&i) || class || moved > tolerance(norm);
        wrong.then(|| {
            let flag = flags.contains(&i);
            format!(
                "{}: image {i}: another flag {flag}, another class {class}, moved by {moved:e}",
                row.case
            )
        })
    });
    told.collect()
}

#[test]
fn golden_verdicts_are_given() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let all = samples(&Trace::load("golden")?)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for case in Trace::load("golden")?.cases() {
        let row = row(&case, &all)?;
        let norm = Trace::load("golden")?.case(&case).text("norm").parse()?;
        wrong.extend(disagreements(&row, norm));
        rows.push(row);
    }
    let table = table::markdown(&rows);
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    table::compare_with_file(&table)?;
    Ok(())
}
