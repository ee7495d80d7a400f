//! What each stage of the attacks leaves of each defence.

use super::Report;
use crate::Result;
use crate::page::{Accuracy, count};
use crate::page::{Kind, Row, accuracy_table};
use maud::{Markup, html};

/// Colours of the defences, in the order of the findings.
const KINDS: [Kind; 3] = [Kind::Ensemble, Kind::Surrogate, Kind::Baseline];

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let (findings, n) = (report.findings(), report.attacked());
    let defences = findings.attack_rows();
    let draws = count(findings.config.attack.reevaluations, "fresh draw");
    Ok(html! {
        p {
            "Each attack goes on with the images that those before it left unbroken. Re-drawn rows are means over "
            (draws) "; their intervals take the mean as that share of the " (count(n, "image")) "."
        }
        @for ((name, stages), kind) in defences.iter().zip(KINDS) {
            (accuracy_table(
                &format!("{}, L∞ {}, n\u{a0}=\u{a0}{n}", capitalised(name), findings.eps_text()),
                "Stage",
                &stages.iter().map(|(stage, fraction, interval)| Row {
                    name: capitalised(stage),
                    accuracy: Accuracy { fraction: *fraction, interval: *interval, of: n },
                    kind,
                }).collect::<Vec<_>>(),
                None,
            ))
        }
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
