//! An adaptive ladder: what each rung took, next to the published numbers.

use super::scores::{cells, of_mean};
use crate::audit::ladder::{LadderReport, Published, RungReport};
use crate::page::{Kind, percent};
use maud::{Markup, html};
use serde::Deserialize;

/// The part of the file `ladder.json` that is shown.
#[derive(Deserialize)]
pub(super) struct LadderFile {
    images: usize,
    ladder: LadderReport,
}

pub(super) fn sentence(file: &LadderFile) -> String {
    file.ladder.sentence.clone()
}

pub(super) fn body(ladders: &[LadderFile]) -> Markup {
    html! {
        p {
            "Rung by rung: attacks that know more of the defence. Every image keeps its worst candidate, chosen by selection draws and scored on "
            "others; " em { "union" } " is what all rungs so far leave. Every perturbation is measured from the clean image. The published numbers "
            "are of another model, a ResNet152 self-ensemble on CIFAR-100."
        }
        @for file in ladders {
            table.bars {
                caption { "Mean over fresh draws, " (file.images) " images, L∞ " (format!("{:.5}", file.ladder.config.eps)) }
                thead {
                    tr {
                        th scope="col" { "Rung" }
                        th.number scope="col" { "Passes" }
                        th.number scope="col" { "Alone" }
                        th.number scope="col" { "Union" }
                        th.number scope="col" { "95 % interval" }
                        th.drawn scope="col" { span.axis { span { "0" } span { "50" } span { "100 %" } } }
                    }
                }
                tbody {
                    tr {
                        th.nowrap scope="row" { "clean" }
                        td.number { "–" }
                        td.number { "–" }
                        (cells(&of_mean(&file.ladder.clean.mean), Kind::Backbone))
                    }
                    @for rung in &file.ladder.rungs { (row(rung)) }
                }
            }
            p { (file.ladder.sentence) }
            h3 { "Published" }
            ul.points { @for published in &file.ladder.published { li { (published_number(published)) } } }
        }
    }
}

fn row(rung: &RungReport) -> Markup {
    let own = &rung.own.mean;
    html! {
        tr {
            th.nowrap scope="row" { (rung.rung.name()) }
            td.number { (format!("{:.2} M", rung.passes() as f64 / 1e6)) }
            td.number { (percent(own.fraction, own.of)) }
            (cells(&of_mean(&rung.union.mean), Kind::Ensemble))
        }
    }
}

fn published_number(published: &Published) -> Markup {
    html! {
        @if let Some(rung) = published.rung { strong { (rung.name()) } ", " }
        (published.source) ": "
        @if published.flagged.is_some() { (number(published.flagged)) " never broken, " }
        (number(published.redrawn))
        @if let Some(images) = published.images { " (n = " (images) ")" }
    }
}

fn number(percent: Option<f64>) -> String {
    percent.map_or("–".into(), |percent| format!("{percent:.2}\u{202f}%"))
}
