//! Scores as cells of a table.

use crate::attacks::{MeanShare, Scores, Share};
use crate::page::{Accuracy, Kind, accuracy_bar};
use maud::{Markup, html};

/// A score's name, and how it is read.
type Reader = (&'static str, fn(&Scores) -> Accuracy);

/// All scores of a set of images, the one that is easiest to misread first.
pub(super) const SCORES: [Reader; 5] = [
    ("never broken", |s| of_share(&s.never_broken)),
    ("re-drawn once", |s| of_share(&s.one_redraw)),
    ("mean over fresh draws", |s| of_mean(&s.mean)),
    ("vote of the draws", |s| of_share(&s.vote)),
    ("right on every draw", |s| of_share(&s.worst)),
];

pub(super) fn of_share(share: &Share) -> Accuracy {
    Accuracy {
        fraction: share.fraction,
        interval: share.ci95,
        of: share.of,
    }
}

pub(super) fn of_mean(mean: &MeanShare) -> Accuracy {
    Accuracy {
        fraction: mean.fraction,
        interval: mean.ci95,
        of: mean.of,
    }
}

/// Number and interval in two cells, and a bar.
pub(super) fn cells(accuracy: &Accuracy, kind: Kind) -> Markup {
    html! {
        td.number.value { (accuracy.percent()) }
        td.number.interval { span.unfolded { "95 % interval " } (accuracy.interval_text()) }
        td.drawn { (accuracy_bar(accuracy, kind, None)) }
    }
}

/// The head of a table of such cells.
pub(super) fn head(of: &str) -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { (of) }
                th.number scope="col" { "Accuracy" }
                th.number scope="col" { "95 % interval" }
                th.drawn scope="col" { span.axis { span { "0" } span { "50" } span { "100 %" } } }
            }
        }
    }
}
