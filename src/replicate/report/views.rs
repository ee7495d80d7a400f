//! Some images beside the views that the network is given of them.

use super::Report;
use crate::Result;
use crate::page::{image, image_sizes};
use crate::replicate::stages::view_tiles::first_images;
use maud::{Markup, html};

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let images = first_images(report.material)?;
    let input = report.findings().config.backbone.input_size;
    Ok(html! {
        p {
            "The network is given every image at several resolutions at once, each with random shift, contrast, colour "
            "and noise, all enlarged to " (input) " × " (input) " pixels. One draw of each:"
        }
        @for viewed in &images {
            div.tiles.shown style=(image_sizes(input)) {
                figure {
                    (image(&viewed.original.picture()?, &format!("A {} as it is", viewed.class))?)
                    figcaption { strong { (viewed.class) } br; "as it is" }
                }
                @for (resolution, tile) in &viewed.views {
                    figure {
                        (image(&tile.picture()?, &format!("The view of {resolution} pixels of it"))?)
                        figcaption { "view of" br; (resolution) " × " (resolution) }
                    }
                }
            }
        }
    })
}
