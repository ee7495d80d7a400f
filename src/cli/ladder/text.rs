//! A ladder for people.

use crossmax::attacks::MeanShare;
use crossmax::audit::ladder::{Fate, LadderReport, Published, RungReport};
use std::path::Path;
use std::time::Duration;

/// A line about a rung that was just climbed.
pub fn told(rung: &RungReport, took: Duration) -> String {
    format!(
        "{}: {} on its own, {} with all before it, {} passes, {:.0} s",
        rung.rung,
        percent(&rung.own.mean),
        percent(&rung.union.mean),
        rung.passes(),
        took.as_secs_f64()
    )
}

/// The table of all rungs, the published numbers beside them, and what remains of the claim.
pub fn text(report: &LadderReport, out: &Path) -> String {
    let config = &report.config;
    let mut lines = vec![
        format!(
            "Adaptive ladder, Linf {:.5}: {} images, {} fresh draws, worst image by {} other draws; 95 % intervals",
            config.eps, report.clean.mean.of, report.clean.repeats, config.selection
        ),
        format!(
            "{:<17}{:>8}{:>12}{:>9}  {:<23}{:<23}{:>6}  published, other model*",
            "rung", "images×", "passes", "flagged", "this rung's worst", "worst so far", "broke"
        ),
        row(
            "clean",
            ["".into(), "".into(), "".into()],
            "",
            &percent(&report.clean.mean),
            &format!(
                "{:>6}",
                report
                    .fates
                    .iter()
                    .filter(|&&fate| fate == Fate::WrongWhenClean)
                    .count()
            ),
            "",
        ),
    ];
    for rung in &report.rungs {
        let beside = report
            .published
            .iter()
            .find(|published| published.rung == Some(rung.rung));
        lines.push(row(
            rung.rung.name(),
            [
                rung.attacked().to_string(),
                rung.passes().to_string(),
                format!("{:.2}", 100.0 * rung.own.never_broken.fraction),
            ],
            &percent(&rung.own.mean),
            &percent(&rung.union.mean),
            &format!("{:>6}", report.broken_by(rung.rung)),
            &beside.map_or(String::new(), published),
        ));
    }
    let whole = report
        .published
        .iter()
        .filter(|published| published.rung.is_none());
    lines.extend(whole.map(|other| format!("{:<100}{}", "", published(other))));
    let standing = report
        .fates
        .iter()
        .filter(|&&fate| fate == Fate::Standing)
        .count();
    lines.push(format!(
        "{:<17}{standing} of {} images",
        "still standing",
        report.fates.len()
    ));
    lines.push(
        "* a ResNet152 self-ensemble on CIFAR-100, Linf 8/255: flagged / on fresh draws, in per cent".into(),
    );
    lines.extend(report.published.iter().map(|published| {
        let beside = published.rung.map_or("all".into(), |rung| rung.to_string());
        format!("  {beside:<17}{}", published.source)
    }));
    lines.push("Searches (% left on the selection draws)".into());
    for search in report.rungs.iter().flat_map(|rung| &rung.searches) {
        lines.push(format!(
            "  {:<32}{}  {} images, {} passes",
            search.name,
            percent(&search.left),
            search.attacked,
            search.passes
        ));
    }
    lines.push(report.sentence.clone());
    lines.push(format!("written to {}", out.display()));
    lines.join("\n")
}

fn row(
    name: &str,
    [attacked, passes, flagged]: [String; 3],
    own: &str,
    union: &str,
    broke: &str,
    published: &str,
) -> String {
    let row =
        format!("{name:<17}{attacked:>8}{passes:>12}{flagged:>9}  {own:<23}{union:<23}{broke}  {published}");
    row.trim_end().to_owned()
}

/// " 43.75 % (28.2 to 60.7)"
fn percent(share: &MeanShare) -> String {
    let (low, high) = share.ci95;
    format!(
        "{:6.2} % ({:.1} to {:.1})",
        100.0 * share.fraction,
        100.0 * low,
        100.0 * high
    )
}

/// "43.75 / 62.50 (n = 32)"
fn published(published: &Published) -> String {
    let number = |share: Option<f64>| share.map_or("–".into(), |share| format!("{share:.2}"));
    let images = published
        .images
        .map_or(String::new(), |images| format!(" (n = {images})"));
    format!(
        "{} / {}{images}",
        number(published.flagged),
        number(published.redrawn)
    )
}
