//! An attack: its scores beside those of the null controls, and what it was.

use super::Attacked;
use super::scores::{SCORES, cells, head, of_share};
use crate::attacks::Scores;
use crate::page::{Kind, Row, accuracy_table, count, percent};
use maud::{Markup, html};

/// The result in one plain sentence.
pub(super) fn sentence(attack: &Attacked) -> String {
    let (summary, n) = (&attack.summary, attack.results.len());
    let scores = &summary.attack.scores;
    format!(
        "Of {} {} were right at first; the attacks never broke {}, and on fresh draws of what they left {} are right, against {} of the \
         clean images.",
        count(n, "image"),
        percent(summary.initial.fraction, n),
        percent(scores.never_broken.fraction, n),
        percent(scores.mean.fraction, n),
        percent(summary.looking.scores.mean.fraction, n),
    )
}

/// Which attack this is.
fn title(attack: &Attacked) -> String {
    let config = &attack.header.config;
    let member = attack.header.attack["member"].as_str().unwrap_or("model");
    format!(
        "{member}, {} {:.5}, n\u{a0}=\u{a0}{}",
        config.norm,
        config.eps,
        attack.results.len()
    )
}

pub(super) fn scores(attacks: &[Attacked]) -> Markup {
    html! {
        p {
            "Five ways to count, each over all images, misclassified ones included. " em { "Never broken" } " counts looks of one random draw "
            "and so chance errors too; the two controls, which go the same way without a search, show how many."
        }
        @for attack in attacks {
            h3 { (title(attack)) }
            (stages(attack))
            @let summary = &attack.summary;
            @for (condition, kind) in [(&summary.attack, Kind::Ensemble), (&summary.noise, Kind::Head), (&summary.looking, Kind::Backbone)] {
                (table(condition.name, &condition.scores, kind))
            }
            @if attack.header.random {
                p.fine {
                    "Images that were wrong before all attacks, and those that no attack broke, count with their clean image: the attack is "
                    "weaker than it could be, and a ladder, which attacks them all, says by how much."
                }
            }
            @if !summary.reached.is_empty() {
                p.fine {
                    "Classes reached most often: "
                    @for (i, (label, class, images)) in summary.reached.iter().take(5).enumerate() {
                        @if i > 0 { ", " }
                        (label) " → " (class) " (" (images) ")"
                    }
                    "."
                }
            }
            @if !summary.warnings.is_empty() {
                ul.points { @for warning in &summary.warnings { li { (warning) } } }
            }
        }
    }
}

fn table(name: &str, scores: &Scores, kind: Kind) -> Markup {
    html! {
        table.bars {
            caption {
                (name) ", " (scores.repeats) " draws; standard error of their mean over images "
                (format!("±{:.2}", 100.0 * scores.mean.standard_error)) " points"
            }
            (head("Score"))
            tbody {
                @for (name, read) in SCORES {
                    tr { th scope="row" { (name) } (cells(&read(scores), kind)) }
                }
            }
        }
    }
}

fn stages(attack: &Attacked) -> Markup {
    let summary = &attack.summary;
    let mut rows = vec![Row {
        name: "right before all attacks".into(),
        accuracy: of_share(&summary.initial),
        kind: Kind::Backbone,
    }];
    rows.extend(summary.after.iter().map(|(attack, share)| Row {
        name: format!("left after {attack}"),
        accuracy: of_share(share),
        kind: Kind::Ensemble,
    }));
    accuracy_table("attack after attack, one draw a look", "Stage", &rows, None)
}

/// What was attacked and how, as the journal has it.
pub(super) fn settings(attacks: &[Attacked]) -> Markup {
    html! {
        @for attack in attacks {
            h3 { (title(attack)) }
            pre { (serde_json::to_string_pretty(&attack.header).unwrap_or_default()) }
        }
    }
}
