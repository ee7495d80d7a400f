//! Clean accuracy of heads, backbone, self-ensemble and baseline.

use super::Report;
use crate::Result;
use crate::page::{Accuracy, percent};
use crate::page::{Kind, Row, accuracy_table};
use maud::{Markup, html};

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let (clean, classes) = (&report.findings().clean, report.findings().classes.len());
    let row = |name: String, fraction: f64, kind: Kind| Row {
        name,
        accuracy: Accuracy::new(fraction, clean.images),
        kind,
    };
    let heads = clean.layers.iter();
    let mut rows: Vec<Row> = heads
        .map(|(layer, fraction)| row(format!("Head on layer {layer}"), *fraction, Kind::Head))
        .collect();
    rows.push(row("Backbone".into(), clean.backbone, Kind::Backbone));
    rows.push(row("Self-ensemble".into(), clean.ensemble, Kind::Ensemble));
    rows.push(row("Plain baseline".into(), clean.baseline, Kind::Baseline));
    let chance = 1.0 / classes.max(1) as f64;
    let caption = format!(
        "{} test images, one draw each. The dashed line is chance: 1 of {classes}, {}.",
        clean.images,
        percent(chance, clean.images)
    );
    Ok(html! {
        p {
            "Each head reads one layer of the backbone; CrossMax takes heads and backbone together. Whiskers are "
            "Wilson's 95 % intervals."
        }
        (accuracy_table(&caption, "Predictor", &rows, Some(chance)))
    })
}
