//! The first broken images: clean, perturbation, adversarial.

use super::Attacked;
use crate::Result;
use crate::campaign::ImageResult;
use crate::figures::Picture;
use crate::page::{count, image, image_sizes};
use maud::{Markup, html};

/// Images of an attack that are shown.
const SHOWN: usize = 24;

pub(super) fn body(attacks: &[Attacked]) -> Result<Markup> {
    let mut parts = Vec::new();
    for attack in attacks {
        parts.push(cards(attack)?);
    }
    Ok(html! {
        p {
            "Perturbations are drawn on one scale: grey is no change, black −ε, white +ε in that colour (of L2 and L1 attacks the largest "
            "change). Counts are of fresh draws."
        }
        @for part in &parts { (part) }
    })
}

fn cards(attack: &Attacked) -> Result<Markup> {
    let broken: Vec<usize> = (0..attack.results.len())
        .filter(|&i| attack.results[i].record.broken.is_some())
        .collect();
    let &[_, height, width, channels] = attack.finished.clean.dims() else {
        return Ok(html! {});
    };
    // Pictures have colours.
    if broken.is_empty() || channels != 3 {
        return Ok(html! { p { "No image was broken." } });
    }
    let total = broken.len();
    let shown: Vec<usize> = broken.into_iter().take(SHOWN).collect();
    let pixels = height * width * channels;
    let clean = attack.finished.clean.select(&shown)?.to_vec()?;
    let images = attack.finished.images.select(&shown)?.to_vec()?;
    let changes = clean.iter().zip(&images).map(|(a, b)| (a - b).abs());
    let largest = changes.fold(0.0_f32, f32::max).max(1e-6);
    let mut cards = Vec::new();
    for (row, &i) in shown.iter().enumerate() {
        let part = row * pixels..(row + 1) * pixels;
        cards.push(card(
            &attack.results[i],
            (height, width),
            (&clean[part.clone()], &images[part]),
            largest,
        )?);
    }
    Ok(html! {
        p.fine { (count(total, "image")) " broken, " (shown.len()) " shown." }
        div.cases style=(image_sizes(width)) { @for card in &cards { (card) } }
    })
}

fn card(
    result: &ImageResult,
    (height, width): (usize, usize),
    (clean, adversarial): (&[f32], &[f32]),
    largest: f32,
) -> Result<Markup> {
    let record = &result.record;
    let (id, label) = (record.id, record.label);
    let Some(broken) = record.broken else {
        return Ok(html! {});
    };
    let change: Vec<f32> = clean
        .iter()
        .zip(adversarial)
        .map(|(c, a)| 0.5 + 0.5 * (a - c) / largest)
        .collect();
    let tiles = [
        ("clean", format!("Image {id}, class {label}"), clean),
        (
            "perturbation",
            format!("What was added to image {id}"),
            change.as_slice(),
        ),
        (
            "adversarial",
            format!("Image {id}, taken for class {}", broken.prediction),
            adversarial,
        ),
    ];
    let right = |classes: &[usize]| classes.iter().filter(|&&class| class == label).count();
    Ok(html! {
        article.case {
            h3 { "Image " (id) ": class " (label) " → " (broken.prediction) }
            p.fine {
                "Broken by " (broken.by.name()) "; right on " (right(&result.clean_redrawn)) " of " (result.clean_redrawn.len())
                " draws before, on " (right(&result.redrawn)) " after."
            }
            div.tiles.shown {
                @for (name, alt, pixels) in tiles {
                    figure {
                        (image(&Picture::new(width, height, pixels)?, &alt)?)
                        figcaption { (name) }
                    }
                }
            }
        }
    })
}
