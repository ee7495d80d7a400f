//! Every image that AutoAttack broke: clean, perturbation, adversarial, and the votes on both.

use super::Report;
use crate::Result;
use crate::attacks::Break;
use crate::figures::Picture;
use crate::page::bar;
use crate::page::count;
use crate::page::{image, image_sizes};
use crate::replicate::stages::pictures::{class_name, pixels_of};
use crate::replicate::stages::votes::ImageVotes;
use maud::{Markup, html};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Classes that are named beside a picture; the votes for others are one sum.
const NAMED: usize = 5;

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let m = report.material;
    let n = report.attacked();
    let wrong = m.attacked.records().iter();
    let wrong = wrong.filter(|record| !record.initially_right()).count();
    let broken = m.votes.len();
    let tally = format!(
        "Of {} under AutoAttack, {wrong} {} wrong at first and not attacked, {broken} {} broken, and {} {} never broken.",
        count(n, "image"),
        were(wrong),
        were(broken),
        n.saturating_sub(wrong + broken),
        were(n.saturating_sub(wrong + broken)),
    );
    if broken == 0 {
        return Ok(html! { p { (tally) " There is nothing to show." } });
    }
    let indices: Vec<usize> = m.votes.iter().map(|image| image.index).collect();
    let clean = pixels_of(m.samples.select(&indices)?.images())?;
    let adversarial = pixels_of(&m.attacked.adversarial().select(&indices)?)?;
    let mut cards = Vec::with_capacity(broken);
    for (votes, (clean, adversarial)) in m.votes.iter().zip(clean.iter().zip(&adversarial)) {
        cards.push(card(report, votes, clean, adversarial)?);
    }
    let eps = report.findings().eps_text();
    Ok(html! {
        p { (tally) }
        p {
            "Perturbations are all drawn on one scale: grey is no change, black −" (eps) ", white +" (eps)
            " in that colour. Votes are the classes that " (count(report.findings().config.figures.votes, "random draw"))
            " of the self-ensemble give each image: " span.key.right { "the true class" } ", " span.key.wrong { "another" } "."
        }
        div.cases style=(image_sizes(m.data.test.size()[1])) { @for card in &cards { (card) } }
    })
}

fn were(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

fn card(report: &Report<'_>, votes: &ImageVotes, clean: &[f32], adversarial: &[f32]) -> Result<Markup> {
    let m = report.material;
    let [height, width] = m.data.test.size();
    let label = m.samples.labels().get(votes.index).copied().unwrap_or_default();
    let id = m.samples.ids().get(votes.index).copied().unwrap_or_default();
    let class = class_name(m.data, label);
    let found = m.attacked.records().get(votes.index);
    let found = found.and_then(|record| record.broken);
    let reached = found.map_or("?", |found| class_name(m.data, found.prediction));
    // Without any room to move there is no change to scale.
    let eps = report.findings().config.attack.eps as f32;
    let gain = if eps > 0.0 { 0.5 / eps } else { 0.0 };
    let change = clean.iter().zip(adversarial).map(|(c, a)| 0.5 + gain * (a - c));
    let change: Vec<f32> = change.collect();
    let tiles = [
        ("clean", format!("Test image {id}, a {class}"), clean),
        (
            "perturbation",
            format!("What was added to test image {id}"),
            change.as_slice(),
        ),
        (
            "adversarial",
            format!("Test image {id}, taken for {reached}"),
            adversarial,
        ),
    ];
    Ok(html! {
        article.case {
            h3 { "Image " (id) ": " (class) " → " (reached) }
            p.fine { (how(found)) }
            div.tiles.shown {
                @for (name, alt, pixels) in tiles {
                    figure {
                        (image(&Picture::new(width, height, pixels)?, &alt)?)
                        figcaption { (name) }
                    }
                }
            }
            div.votes {
                (ballot(report, "Votes before", &votes.clean, label))
                (ballot(report, "Votes after", &votes.adversarial, label))
            }
        }
    })
}

/// Which attack broke an image, and when.
fn how(found: Option<Break>) -> String {
    match found {
        None => "Not recorded.".into(),
        Some(Break { by, iterate, .. }) => {
            let by = by.name().to_uppercase();
            match iterate {
                Some(0) => format!("Broken by {by}, wrong from its random start on."),
                Some(iterate) => format!("Broken by {by}, first wrong at iteration {iterate}."),
                None => format!("{by} found nothing; the random draw of its final look alone was wrong."),
            }
        }
    }
}

/// The votes on one picture as bars: the true class first, then the others, most votes first.
fn ballot(report: &Report<'_>, title: &str, votes: &[usize], label: usize) -> Markup {
    let mut counts = BTreeMap::from([(label, 0_usize)]);
    for &class in votes {
        *counts.entry(class).or_insert(0) += 1;
    }
    let mut counts: Vec<(usize, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(class, votes)| (class != label, Reverse(votes), class));
    let others = counts.split_off(counts.len().min(NAMED));
    let share = |n: usize| n as f64 / votes.len().max(1) as f64;
    html! {
        table.ballot {
            caption { (title) }
            tbody {
                @for (class, votes) in counts {
                    tr {
                        th scope="row" { (class_name(report.material.data, class)) }
                        td.drawn { (bar(share(votes), if class == label { "right" } else { "wrong" })) }
                        td.number { (votes) }
                    }
                }
                @if !others.is_empty() {
                    @let rest = others.iter().map(|(_, votes)| votes).sum();
                    tr {
                        th scope="row" { (count(others.len(), "other class")) }
                        td.drawn { (bar(share(rest), "wrong")) }
                        td.number { (rest) }
                    }
                }
            }
        }
    }
}
