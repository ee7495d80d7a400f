//! An audit for people.

use super::Found;
use crossmax::audit::curves::{Curve, Varied};
use crossmax::audit::masking::{Bearing, Sign};
use crossmax::audit::{MeanShare, Scores};
use std::path::Path;

/// All tables, the verdict last.
pub fn text(found: &Found, out: &Path) -> String {
    let mut lines = Vec::new();
    probes(found, &mut lines);
    controls(found, &mut lines);
    comparators(found, &mut lines);
    transfer(found, &mut lines);
    for curve in [&found.steps, &found.eot, &found.eps] {
        one_curve(curve, &mut lines);
    }
    lines.push("Signs of gradient masking".into());
    lines.extend(found.panel.signs.iter().map(sign));
    lines.push(String::new());
    lines.push(found.panel.sentence.clone());
    lines.push(format!("written to {}", out.display()));
    lines.join("\n")
}

fn percent(share: &MeanShare) -> String {
    let (low, high) = share.ci95;
    format!(
        "{:6.2} % ({:.1} to {:.1})",
        100.0 * share.fraction,
        100.0 * low,
        100.0 * high
    )
}

fn probes(found: &Found, lines: &mut Vec<String>) {
    let probes = &found.probes;
    lines.push(format!(
        "Probes of CrossMax: {} images, {} draws each; 95 % intervals",
        probes.images, probes.draws
    ));
    for (name, share) in [
        ("the top classes tie exactly", &probes.ties),
        (
            "the largest logit is 0, without a gradient",
            &probes.top_without_gradient,
        ),
        ("the loss has no gradient", &probes.loss_without_gradient),
    ] {
        lines.push(format!("  {name:<46}{}", percent(share)));
    }
    for (name, cosines) in [
        ("mean cosine of two draws' gradients", &probes.between_draws),
        (
            "mean cosine of surrogate and defence",
            &probes.surrogate_to_defence,
        ),
    ] {
        let mean = cosines.mean.map_or("none".into(), |mean| format!("{mean:6.3}"));
        lines.push(format!("  {name:<46}{mean}"));
    }
    lines.push(String::new());
}

fn scores(name: &str, scores: &Scores) -> String {
    let percent_of = |fraction: f64| format!("{:8.2}", 100.0 * fraction);
    format!(
        "  {name:<34}{}{}{}{}  {}",
        percent_of(scores.never_broken.fraction),
        percent_of(scores.one_redraw.fraction),
        percent_of(scores.vote.fraction),
        percent_of(scores.worst.fraction),
        percent(&scores.mean)
    )
}

fn head(title: &str, lines: &mut Vec<String>) {
    lines.push(format!(
        "{title:<36}{:>8}{:>8}{:>8}{:>8}  mean over draws",
        "flagged", "once", "vote", "worst"
    ));
}

fn controls(found: &Found, lines: &mut Vec<String>) {
    head("Null controls (% left)", lines);
    let controls = &found.controls;
    lines.push(scores("nothing (eps = 0)", &controls.nothing));
    lines.push(scores("random noise of size eps", &controls.noise));
    lines.push(scores("the attack on the defence", &controls.attack));
    let square = format!("Square, {} queries", found.black_box.config.queries);
    lines.push(scores(&square, &found.black_box.scores));
    lines.push(String::new());
}

fn comparators(found: &Found, lines: &mut Vec<String>) {
    lines.push(format!(
        "{:<36}{:<26}{:<26}{:<26}",
        "Comparators (% right)", "clean", "attacked", "defence on the same images"
    ));
    for comparison in &found.comparisons.all {
        let of = |scores: &Scores| percent(&scores.mean);
        lines.push(format!(
            "  {:<34}{:<26}{:<26}{:<26}",
            comparison.name,
            of(&comparison.clean),
            of(&comparison.attacked),
            of(&comparison.transferred)
        ));
    }
    lines.push(String::new());
}

fn transfer(found: &Found, lines: &mut Vec<String>) {
    let matrix = &found.transfer;
    let row = |name: &str, cells: Vec<String>| format!("  {name:<20}{}", cells.concat());
    let cell = |share: &MeanShare| format!("{:>10.1}", 100.0 * share.fraction);
    let heads = matrix.members.iter().map(|name| format!("{name:>10}"));
    lines.push("Transfer between members: attacked (rows), read (columns), % right".into());
    lines.push(row("", heads.collect()));
    lines.push(row("clean", matrix.clean.iter().map(cell).collect()));
    for (name, read) in matrix.members.iter().zip(&matrix.attacked) {
        lines.push(row(name, read.iter().map(cell).collect()));
    }
    lines.push(String::new());
}

fn one_curve(curve: &Curve, lines: &mut Vec<String>) {
    let attacked = curve.attacked;
    let title = match curve.varied {
        Varied::Steps => format!("Steps on the {attacked}"),
        Varied::Eot => format!("Draws a gradient on the {attacked}"),
        Varied::Eps => format!("Radius, on the {attacked}"),
    };
    lines.push(format!("{title:<36}{:<26}{:<26}", "attacked", "defence"));
    for point in &curve.points {
        let name = match curve.varied {
            Varied::Steps => point.config.steps.to_string(),
            Varied::Eot => point.config.eot.to_string(),
            Varied::Eps => format!("{:.0}/255", 255.0 * point.config.eps),
        };
        let (attacked, defence) = (percent(&point.attacked), percent(&point.defence.mean));
        lines.push(format!("  {name:<34}{attacked:<26}{defence:<26}"));
    }
    lines.extend(curve.too_weak().map(|told| format!("  {told}")));
    lines.push(String::new());
}

fn sign(sign: &Sign) -> String {
    let mark = match (sign.speaks, sign.bearing) {
        (false, _) => "no ",
        (true, Bearing::Gradients) => "yes",
        (true, Bearing::Attacks) => "YES",
    };
    format!("  {mark}  {}", sign.reading)
}
