//! The page: head, contents, and the sections in their order.

use super::{
    Report, accuracy, attack_stages, broken, headline, key_numbers, machine, prototypes, provenance, scope,
    training, views,
};
use crate::Result;
use crate::page::Section;
use maud::Markup;

/// One part of the page, before it is written.
struct Part {
    id: &'static str,
    title: &'static str,
    short: &'static str,
    body: fn(&Report<'_>) -> Result<Markup>,
}

const PARTS: [Part; 10] = [
    Part {
        id: "scope",
        title: "What was measured, and what was not",
        short: "Scope",
        body: scope::body,
    },
    Part {
        id: "numbers",
        title: "The numbers that count",
        short: "Key numbers",
        body: key_numbers::body,
    },
    Part {
        id: "accuracy",
        title: "Clean accuracy of every layer",
        short: "Clean accuracy",
        body: accuracy::body,
    },
    Part {
        id: "attacks",
        title: "Accuracy under attack, stage by stage",
        short: "Under attack",
        body: attack_stages::body,
    },
    Part {
        id: "training",
        title: "Training",
        short: "Training",
        body: training::body,
    },
    Part {
        id: "views",
        title: "What the network sees",
        short: "Views",
        body: views::body,
    },
    Part {
        id: "broken",
        title: "Every broken image",
        short: "Broken images",
        body: broken::body,
    },
    Part {
        id: "classes",
        title: "What the backbone takes for each class",
        short: "Classes",
        body: prototypes::body,
    },
    Part {
        id: machine::ID,
        title: "Time and machine",
        short: "Time",
        body: machine::body,
    },
    Part {
        id: "provenance",
        title: "Configuration, versions and hashes",
        short: "Configuration",
        body: provenance::body,
    },
];

/// The whole page.
pub(super) fn page(report: &Report<'_>) -> Result<Markup> {
    let findings = report.findings();
    let title = format!("crossmax · {} · seed {}", findings.dataset, findings.config.seed);
    let mut sections = Vec::with_capacity(PARTS.len());
    for part in &PARTS {
        sections.push(Section {
            id: part.id,
            title: part.title,
            short: part.short,
            body: (part.body)(report)?,
        });
    }
    Ok(crate::page::page(&title, &headline::header(report), &sections))
}
