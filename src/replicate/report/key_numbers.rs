//! The numbers that count, side by side, and what each means.

use super::Report;
use crate::Result;
use crate::page::{Accuracy, count, list, percent};
use crate::page::{Kind, accuracy_bar};
use maud::{Markup, html};

/// What the authors' notebook prints: initial, after APGD-CE, never broken, and re-drawn.
const PUBLISHED: [f64; 4] = [0.65625, 0.46875, 0.4375, 0.625];
/// The images that it attacks.
const PUBLISHED_IMAGES: usize = 32;

/// One number.
struct Card {
    title: &'static str,
    kind: Kind,
    accuracy: Accuracy,
    counted: String,
    meaning: String,
}

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    Ok(html! {
        div.cards {
            @for card in cards(report) {
                article.card.(card.kind.class()) {
                    h3 { (card.title) }
                    p.big { (card.accuracy.percent()) }
                    (accuracy_bar(&card.accuracy, card.kind, None))
                    p.fine { "95 % interval " span.nowrap { (card.accuracy.interval_text()) } br; (card.counted) }
                    p { (card.meaning) }
                }
            }
            (published(report))
        }
    })
}

fn cards(report: &Report<'_>) -> [Card; 5] {
    let (findings, n) = (report.findings(), report.attacked());
    let (clean, attack) = (&findings.clean, &findings.config.attack);
    let images = format!("n\u{a0}=\u{a0}{n}");
    let draws = count(attack.reevaluations, "draw");
    let redrawn = &findings.ensemble.reevaluated;
    let repeated = |std: f64| format!("n\u{a0}=\u{a0}{n}, {draws}, ± {} between draws", percent(std, n));
    [
        Card {
            title: "Clean, self-ensemble",
            kind: Kind::Ensemble,
            accuracy: Accuracy::new(clean.ensemble, clean.images),
            counted: format!("n\u{a0}=\u{a0}{}, 1 draw", clean.images),
            meaning: "Test images that the self-ensemble gets right before any attack.".into(),
        },
        Card {
            title: "AutoAttack, never broken",
            kind: Kind::Ensemble,
            accuracy: Accuracy::new(findings.ensemble.report.robust.fraction, n),
            counted: images.clone(),
            meaning: "Right at first and broken by no attack. Every look at an image is one random draw, so chance \
                      alone can break it."
                .into(),
        },
        Card {
            title: "AutoAttack, re-drawn",
            kind: Kind::Ensemble,
            accuracy: Accuracy::new(redrawn.mean, n),
            counted: repeated(redrawn.std),
            meaning: "All final images, the never attacked included, looked at again with fresh draws. The published \
                      headline is a number of this kind."
                .into(),
        },
        Card {
            title: "Surrogate PGD",
            kind: Kind::Surrogate,
            accuracy: Accuracy::new(findings.surrogate.attacked.mean, n),
            counted: repeated(findings.surrogate.attacked.std),
            meaning: "Attacked through the mean of the members' logits, scored on the self-ensemble. Where it is \
                      lower than AutoAttack's numbers, those flatter the defence."
                .into(),
        },
        Card {
            title: "Plain baseline, never broken",
            kind: Kind::Baseline,
            accuracy: Accuracy::new(findings.baseline.report.robust.fraction, n),
            counted: images,
            meaning: format!(
                "The same blocks without views and heads, under the same AutoAttack. Its clean accuracy is {} (n\u{a0}=\u{a0}{}).",
                percent(clean.baseline, clean.images),
                clean.images
            ),
        },
    ]
}

/// The published numbers of the same kinds.
fn published(report: &Report<'_>) -> Markup {
    let findings = report.findings();
    let [initial, after, never, redrawn] = PUBLISHED.map(|number| percent(number, PUBLISHED_IMAGES));
    let blocks: usize = findings.config.backbone.blocks.iter().sum();
    html! {
        article.card {
            h3 { "Published, for comparison of kind" }
            p.fine {
                "The authors' notebook prints " (initial) " at first, " (after) " after APGD-CE, " strong { (never) }
                " never broken, and " strong { (redrawn) } " re-drawn once: ResNet152, CIFAR-100, n\u{a0}=\u{a0}"
                (PUBLISHED_IMAGES) "."
            }
            p.fine {
                "This run is " (count(blocks, "block")) " of widths " (list(&findings.config.backbone.widths)) " on "
                (findings.dataset) " (preset " (findings.config.preset)
                "): its numbers are of the same kinds, and not comparable in size."
            }
        }
    }
}
