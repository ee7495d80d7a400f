//! How training went.

use super::Report;
use crate::Result;
use crate::page::percent;
use crate::replicate::EpochMetrics;
use crate::replicate::stages::plots;
use maud::{Markup, PreEscaped, html};

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let (data, findings) = (report.material.data, report.findings());
    let curves = [plots::loss_curve(findings)?, plots::accuracy_curve(findings)?];
    let last = last_epochs(&findings.metrics);
    Ok(html! {
        div.plots {
            // The names in them are those of stages, and the drawing escapes them.
            @for curve in curves { (PreEscaped(curve.svg())) }
        }
        table.plain {
            caption {
                "The last epoch of everything that was trained, in that order; heads are named by their layers. Accuracy "
                "while training is measured on the images as they are trained on."
            }
            thead {
                tr {
                    th scope="col" { "Part" }
                    th.number scope="col" { "Epochs" }
                    th.number scope="col" { "Loss" }
                    th.number scope="col" { "Training" }
                    th.number scope="col" { "Test" }
                }
            }
            tbody {
                @for line in last {
                    tr {
                        th scope="row" { (named(&line.stage)) }
                        td.number { (line.epoch) }
                        td.number { (format!("{:.3}", line.train_loss)) }
                        td.number { (percent(line.train_accuracy, data.train.len())) }
                        td.number { (line.test_accuracy.map_or("–".to_owned(), |a| percent(a, data.test.len()))) }
                    }
                }
            }
        }
    })
}

/// The last line of every stage, in the order of the stages.
fn last_epochs(metrics: &[EpochMetrics]) -> Vec<&EpochMetrics> {
    let next = metrics.iter().skip(1).map(Some).chain([None]);
    let with_next = metrics.iter().zip(next);
    let ends = with_next.filter(|(line, next)| next.is_none_or(|next| next.stage != line.stage));
    ends.map(|(line, _)| line).collect()
}

/// A stage of training as people call it.
fn named(stage: &str) -> String {
    match stage.strip_prefix("head ") {
        Some(layer) => format!("Head {layer}"),
        None if stage == "baseline" => "Plain baseline".to_owned(),
        None if stage == "backbone" => "Backbone".to_owned(),
        None => stage.to_owned(),
    }
}
