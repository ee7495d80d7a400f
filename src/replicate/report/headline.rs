//! What stands above everything: which run this is, and its result in one sentence.

use super::Report;
use crate::page::{count, percent};
use maud::{Markup, html};

pub(super) fn header(report: &Report<'_>) -> Markup {
    let (findings, data) = (report.findings(), report.material.data);
    let facts = [
        ("Data", findings.dataset.clone()),
        ("Classes", findings.classes.len().to_string()),
        (
            "Images",
            format!("{} training, {} test", data.train.len(), data.test.len()),
        ),
        ("Preset", findings.config.preset.clone()),
        ("Seed", findings.config.seed.to_string()),
    ];
    let warnings = report.warnings().len();
    html! {
        header {
            p.overline { "crossmax · Ensemble everything everywhere, arXiv 2408.05446" }
            h1 { "The CrossMax self-ensemble under attack" }
            dl.facts {
                @for (name, value) in facts {
                    div { dt { (name) } dd { (value) } }
                }
            }
            p.lead { (sentence(report)) }
            @if warnings > 0 {
                p.notice { a href="#warnings" { (count(warnings, "warning")) } " to know of" }
            }
        }
    }
}

/// The result in one plain sentence.
fn sentence(report: &Report<'_>) -> String {
    let (findings, n) = (report.findings(), report.attacked());
    let autoattack = &findings.ensemble.report;
    format!(
        "Of {} the self-ensemble classified {} rightly at first; AutoAttack rand at L∞ {} never broke {}, and an \
         attack on a smooth surrogate left {} right, where a plain network of the same blocks kept {}.",
        count(n, "test image"),
        percent(autoattack.initial.fraction, n),
        findings.eps_text(),
        percent(autoattack.robust.fraction, n),
        percent(findings.surrogate.attacked.mean, n),
        percent(findings.baseline.report.robust.fraction, n),
    )
}
