//! An audit: the masking panel, comparators, the transfer matrix.

use super::scores::{cells, head, of_mean};
use crate::audit::black_box::BlackBox;
use crate::audit::comparators::{Comparison, Comparisons};
use crate::audit::controls::NullControls;
use crate::audit::curves::Curve;
use crate::audit::masking::MaskingPanel;
use crate::audit::probes::Probes;
use crate::audit::transfer::TransferMatrix;
use crate::page::{Kind, percent};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

/// Everything that an audit found: the file `audit.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Audit {
    /// Path of the run.
    pub run: String,
    /// Number of images.
    pub images: usize,
    /// Probes of the defence.
    pub probes: Probes,
    /// Other ways to combine.
    pub comparators: Comparisons,
    /// Attack one member, read another.
    pub transfer: TransferMatrix,
    /// More steps on the surrogate.
    pub steps: Curve,
    /// More draws a gradient on the defence.
    pub eot: Curve,
    /// More room.
    pub eps: Curve,
    /// Null controls.
    pub controls: NullControls,
    /// The attack that sees no gradients; audits of earlier versions have none.
    #[serde(default)]
    pub square: Option<BlackBox>,
    /// The panel.
    pub masking: MaskingPanel,
}

pub(super) fn sentence(audit: &Audit) -> String {
    let found = &audit.masking.sentence;
    format!("Audit on {} images: {found}", audit.images)
}

pub(super) fn panel(audits: &[Audit]) -> Markup {
    html! {
        @for audit in audits {
            p { (audit.masking.sentence) }
            table.plain {
                caption { "Signs, each with its number and the threshold it is held against; " (audit.images) " images" }
                thead {
                    tr {
                        th scope="col" { "Sign" }
                        th.number scope="col" { "Number" }
                        th.number scope="col" { "Threshold" }
                        th.nowrap scope="col" { "For masking" }
                    }
                }
                tbody {
                    @for sign in &audit.masking.signs {
                        tr {
                            th scope="row" { (sign.reading) }
                            td.number { (sign.number.map_or("–".into(), |number| format!("{number:.3}"))) }
                            td.number { (format!("{:.3}", sign.threshold)) }
                            td { @if sign.speaks { "yes" } @else { "no" } }
                        }
                    }
                }
            }
            @let controls = &audit.controls;
            table.bars {
                caption { "The same pipeline with nothing and with noise in the place of the attack: mean over fresh draws" }
                (head("In its place"))
                tbody {
                    @for (name, scores, kind) in [
                        ("nothing (ε = 0)", &controls.nothing, Kind::Backbone),
                        ("noise of size ε", &controls.noise, Kind::Head),
                        ("PGD on the defence", &controls.attack, Kind::Ensemble),
                    ] {
                        tr { th scope="row" { (name) } (cells(&of_mean(&scores.mean), kind)) }
                    }
                    @if let Some(square) = &audit.square {
                        tr {
                            th scope="row" { "Square on the defence, " (square.config.queries) " queries, no gradients" }
                            (cells(&of_mean(&square.scores.mean), Kind::Ensemble))
                        }
                    }
                }
            }
            (votes(&audit.probes))
        }
    }
}

/// How often so many members voted for the class that the defence predicts.
fn votes(probes: &Probes) -> Markup {
    let looks: usize = probes.votes_for_top.iter().sum();
    html! {
        table.plain {
            caption { "Votes of the members for the class that the defence predicts, " (looks) " looks at clean images" }
            thead {
                tr {
                    th.number scope="col" { "Votes" }
                    th.number scope="col" { "Looks" }
                    th.number scope="col" { "Share" }
                }
            }
            tbody {
                @for (votes, &count) in probes.votes_for_top.iter().enumerate() {
                    tr {
                        th.number scope="row" { (votes) }
                        td.number { (count) }
                        td.number { (percent(count as f64 / looks.max(1) as f64, looks)) }
                    }
                }
            }
        }
    }
}

pub(super) fn comparators(audits: &[Audit]) -> Markup {
    let row = |comparison: &Comparison| {
        let after = of_mean(&comparison.attacked.mean);
        html! {
            tr {
                th.nowrap scope="row" { (comparison.name) }
                td.number { (percent(comparison.clean.mean.fraction, comparison.clean.mean.of)) }
                td.number { (percent(comparison.transferred.mean.fraction, comparison.transferred.mean.of)) }
                (cells(&after, Kind::Ensemble))
            }
        }
    };
    html! {
        p {
            "Each is attacked itself, by the same PGD with the same draws. " em { "Transferred" } " is the accuracy of the defence on the images "
            "that were made against the comparator: where it is lower than that of the attack on the defence, the defence's own gradients mislead."
        }
        @for audit in audits {
            table.bars {
                caption { "Mean over fresh draws, " (audit.images) " images" }
                thead {
                    tr {
                        th scope="col" { "Combined by" }
                        th.number scope="col" { "Clean" }
                        th.number scope="col" { "Transferred" }
                        th.number scope="col" { "Attacked" }
                        th.number scope="col" { "95 % interval" }
                        th.drawn scope="col" { span.axis { span { "0" } span { "50" } span { "100 %" } } }
                    }
                }
                tbody { @for comparison in &audit.comparators.all { (row(comparison)) } }
            }
        }
    }
}

pub(super) fn transfer(audits: &[Audit]) -> Markup {
    html! {
        p { "Accuracy of the member in the column on images made against the member in the row; above all the clean images." }
        @for audit in audits {
            @let matrix = &audit.transfer;
            table.plain {
                caption { "Mean over fresh draws, per cent, " (audit.images) " images" }
                thead {
                    tr {
                        th scope="col" { "Attacked" }
                        @for name in &matrix.members { th.number scope="col" { (name) } }
                    }
                }
                tbody {
                    tr {
                        th scope="row" { "none" }
                        @for share in &matrix.clean { td.number { (format!("{:.1}", 100.0 * share.fraction)) } }
                    }
                    @for (name, row) in matrix.members.iter().zip(&matrix.attacked) {
                        tr {
                            th scope="row" { (name) }
                            @for share in row { td.number { (format!("{:.1}", 100.0 * share.fraction)) } }
                        }
                    }
                }
            }
        }
    }
}
