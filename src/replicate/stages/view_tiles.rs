//! A few images beside the views that the network is given of them.

use super::pictures::{Material, class_name, pixels_of};
use crate::Result;
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::ensemble::{IMAGENET_MEAN, IMAGENET_STD, Stream};
use crate::figures::Picture;

/// Images that are shown with their views.
const IMAGES: usize = 2;

/// Pixels H,W,3 of one picture.
pub(crate) struct Tile {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// The values, nominally in [0, 1].
    pub rgb: Vec<f32>,
}

impl Tile {
    /// As a picture.
    ///
    /// # Errors
    /// Those of [`Picture::new`].
    pub fn picture(&self) -> Result<Picture<'_>> {
        Picture::new(self.width, self.height, &self.rgb)
    }
}

/// One image and its views.
pub(crate) struct ViewedImage<'a> {
    /// Name of its class.
    pub class: &'a str,
    /// The image.
    pub original: Tile,
    /// Each view with its resolution, as one random draw makes it.
    pub views: Vec<(usize, Tile)>,
}

/// The first attacked images with the views of one draw each.
pub(crate) fn first_images<'a>(m: &Material<'a>) -> Result<Vec<ViewedImage<'a>>> {
    let rows: Vec<usize> = (0..m.samples.len().min(IMAGES)).collect();
    let samples = m.samples.select(&rows)?;
    let draws: Vec<Draw> = samples
        .ids()
        .iter()
        .map(|&id| Stream::Views.draw(id, 0, 0))
        .collect();
    let backbone = &m.ensemble.backbone;
    let stack = backbone.views(&Var::constant(samples.images().clone()), &draws, 0)?;
    let &[_, height, width, channels] = stack.dims() else {
        return Ok(Vec::new());
    };
    let values = stack.value().to_vec()?;
    let stacks = values.chunks_exact(height * width * channels);
    let originals = pixels_of(samples.images())?;
    let [original_height, original_width] = m.data.test.size();
    let images = originals.into_iter().zip(samples.labels()).zip(stacks);
    Ok(images
        .map(|((rgb, &label), stack)| {
            let view = |number: usize| Tile {
                width,
                height,
                rgb: view_colours(stack, channels, number),
            };
            let resolutions = backbone.method().resolutions.iter().enumerate();
            ViewedImage {
                class: class_name(m.data, label),
                original: Tile {
                    width: original_width,
                    height: original_height,
                    rgb,
                },
                views: resolutions
                    .map(|(number, &resolution)| (resolution, view(number)))
                    .collect(),
            }
        })
        .collect())
}

/// The colours of one view in a stack H,W,channels, with the normalisation undone.
fn view_colours(stack: &[f32], channels: usize, number: usize) -> Vec<f32> {
    let normalisation = IMAGENET_STD.iter().zip(&IMAGENET_MEAN);
    stack
        .chunks_exact(channels)
        .flat_map(|pixel| {
            let colours = pixel.iter().skip(3 * number).zip(normalisation.clone());
            colours.map(|(value, (&std, &mean))| value * std as f32 + mean as f32)
        })
        .collect()
}
