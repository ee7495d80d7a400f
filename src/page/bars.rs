//! Tables of numbers with a bar behind each, drawn by the style alone.

use super::numbers::Accuracy;
use maud::{Markup, html};

/// What is measured, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Head,
    Backbone,
    Ensemble,
    Surrogate,
    Baseline,
}

impl Kind {
    /// Its class in the style.
    pub fn class(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Backbone => "backbone",
            Self::Ensemble => "ensemble",
            Self::Surrogate => "surrogate",
            Self::Baseline => "baseline",
        }
    }
}

/// A bar of `fraction` of its place.
pub fn bar(fraction: f64, class: &str) -> Markup {
    html! {
        div.bar.(class) aria-hidden="true" { (fill(fraction)) }
    }
}

fn fill(fraction: f64) -> Markup {
    html! { div.fill style=(format!("width:{}", place(fraction))) {} }
}

/// A bar on a scale of 0 to 100 %, the interval of the number as whiskers, and chance as a line.
pub fn accuracy_bar(accuracy: &Accuracy, kind: Kind, chance: Option<f64>) -> Markup {
    let (low, high) = accuracy.interval;
    let whisker = format!("left:{};width:{}", place(low), place(high - low));
    html! {
        div.bar.scale.(kind.class()) aria-hidden="true" {
            (fill(accuracy.fraction))
            @if let Some(chance) = chance {
                div.chance style=(format!("left:{}", place(chance))) {}
            }
            div.whisker style=(whisker) {}
        }
    }
}

/// A share of a bar's place in the style; what is no number takes none of it.
fn place(fraction: f64) -> String {
    let share = if fraction.is_finite() {
        fraction.clamp(0.0, 1.0)
    } else {
        0.0
    };
    format!("{:.2}%", 100.0 * share)
}

/// One line of a table of accuracies.
pub struct Row {
    pub name: String,
    pub accuracy: Accuracy,
    pub kind: Kind,
}

/// A table of accuracies with their intervals and bars.
pub fn accuracy_table(caption: &str, of: &str, rows: &[Row], chance: Option<f64>) -> Markup {
    html! {
        table.bars {
            caption { (caption) }
            thead {
                tr {
                    th scope="col" { (of) }
                    th.number scope="col" { "Accuracy" }
                    th.number scope="col" { "95 % interval" }
                    th.drawn scope="col" { span.axis { span { "0" } span { "50" } span { "100 %" } } }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { (row.name) }
                        td.number.value { (row.accuracy.percent()) }
                        td.number.interval { span.unfolded { "95 % interval " } (row.accuracy.interval_text()) }
                        td.drawn { (accuracy_bar(&row.accuracy, row.kind, chance)) }
                    }
                }
            }
        }
    }
}
