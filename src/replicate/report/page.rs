//! The page: head, contents, and the sections in their order.

use super::{
    Report, accuracy, attack_stages, broken, headline, key_numbers, machine, prototypes, provenance, scope,
    training, views,
};
use crate::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What the browser may load: pictures and style that stand in the page, and nothing else.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const STYLE: &str = include_str!("style.css");

/// One part of the page.
struct Section {
    /// What links to it name.
    id: &'static str,
    /// Its heading.
    title: &'static str,
    /// Its heading among the contents.
    short: &'static str,
    body: fn(&Report<'_>) -> Result<Markup>,
}

const SECTIONS: [Section; 10] = [
    Section {
        id: "scope",
        title: "What was measured, and what was not",
        short: "Scope",
        body: scope::body,
    },
    Section {
        id: "numbers",
        title: "The numbers that count",
        short: "Key numbers",
        body: key_numbers::body,
    },
    Section {
        id: "accuracy",
        title: "Clean accuracy of every layer",
        short: "Clean accuracy",
        body: accuracy::body,
    },
    Section {
        id: "attacks",
        title: "Accuracy under attack, stage by stage",
        short: "Under attack",
        body: attack_stages::body,
    },
    Section {
        id: "training",
        title: "Training",
        short: "Training",
        body: training::body,
    },
    Section {
        id: "views",
        title: "What the network sees",
        short: "Views",
        body: views::body,
    },
    Section {
        id: "broken",
        title: "Every broken image",
        short: "Broken images",
        body: broken::body,
    },
    Section {
        id: "classes",
        title: "What the backbone takes for each class",
        short: "Classes",
        body: prototypes::body,
    },
    Section {
        id: machine::ID,
        title: "Time and machine",
        short: "Time",
        body: machine::body,
    },
    Section {
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
    let mut sections = Vec::with_capacity(SECTIONS.len());
    for section in &SECTIONS {
        sections.push(html! {
            section id=(section.id) {
                h2 { (section.title) }
                ((section.body)(report)?)
            }
        });
    }
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                // Nothing in the style comes from the run.
                style { (PreEscaped(STYLE)) }
            }
            body {
                div.page {
                    (headline::header(report))
                    (contents())
                    main {
                        @for section in &sections { (section) }
                    }
                    footer {
                        p { "Written by crossmax " (env!("CARGO_PKG_VERSION")) ". This file needs no other." }
                    }
                }
            }
        }
    })
}

/// Links to the sections.
fn contents() -> Markup {
    html! {
        nav aria-label="Contents" {
            ol {
                @for section in &SECTIONS {
                    li { a href={ "#" (section.id) } { (section.short) } }
                }
            }
        }
    }
}
