//! The images optimised from grey for every class. A card that is the target of a link is shown
//! large, by the style alone.

use super::Report;
use crate::Result;
use crate::figures::Picture;
use crate::page::count;
use crate::page::{image, image_sizes};
use crate::replicate::stages::pictures::pixels_of;
use maud::{Markup, html};

/// One image and its caption.
type Shown = (Markup, String);

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let (config, classes) = (&report.findings().config.figures, &report.findings().classes);
    let shown = shown(report)?;
    let groups: Vec<&[Shown]> = shown.chunks(config.prototypes_per_class.max(1)).collect();
    Ok(html! {
        p {
            "Beginning at grey, an image is changed until the backbone is sure of the class (loss at most "
            (config.prototype_loss) ", " (count(config.prototype_steps, "step")) " at most, "
            (count(config.prototypes_per_class, "image")) " a class). Choose a class to see its images large, with "
            "their losses and steps."
        }
        div.sheet style=(image_sizes(report.material.data.test.size()[1])) {
            @for (label, (class, images)) in classes.iter().zip(&groups).enumerate() {
                (card(label, class, images, classes))
            }
        }
    })
}

/// All images, class by class.
fn shown(report: &Report<'_>) -> Result<Vec<Shown>> {
    let m = report.material;
    let [height, width] = m.data.test.size();
    let per_class = report.findings().config.figures.prototypes_per_class.max(1);
    let mut shown = Vec::new();
    for (i, pixels) in pixels_of(&m.prototypes.images)?.iter().enumerate() {
        let class = report.findings().classes.get(i / per_class);
        let class = class.map_or("?", String::as_str);
        let alt = format!("{class}, image {} of {per_class}", i % per_class + 1);
        let loss = m.prototypes.losses.get(i).copied().unwrap_or(f32::NAN);
        let steps = m.prototypes.steps.get(i).copied().unwrap_or_default().max(0);
        let caption = format!("loss {loss:.3}, {}", count(steps as usize, "step"));
        shown.push((image(&Picture::new(width, height, pixels)?, &alt)?, caption));
    }
    Ok(shown)
}

fn card(label: usize, class: &str, images: &[Shown], classes: &[String]) -> Markup {
    let neighbour = |other: Option<usize>| other.and_then(|i| Some((i, classes.get(i)?)));
    let before = neighbour(label.checked_sub(1));
    let after = neighbour(label.checked_add(1));
    html! {
        article.class id={ "class-" (label) } {
            // Its name is where the page stays when the card is closed.
            h3 id={ "name-" (label) } { a href={ "#class-" (label) } { (class) } }
            p.steps {
                @if let Some((i, name)) = before { a href={ "#class-" (i) } { "← " (name) } }
                a href={ "#name-" (label) } { "Close" }
                @if let Some((i, name)) = after { a href={ "#class-" (i) } { (name) " →" } }
            }
            div.tiles {
                @for (image, caption) in images {
                    figure {
                        (image)
                        figcaption { (caption) }
                    }
                }
            }
        }
    }
}
