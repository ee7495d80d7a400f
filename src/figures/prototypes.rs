//! Images optimised from grey until the backbone is sure of a class.

use super::grid::Grid;
use super::names::spaced;
use super::picture::Picture;
use super::picture_sheet::PictureSheet;
use super::sheet::{MARGIN, TEXT};
use crate::Result;

/// Images in a row of one class.
const ACROSS: usize = 2;
/// Side of an image in the figure of one class, in pixels.
const LARGE: usize = 192;
/// Most classes side by side on the common sheet.
const MOST_CLASSES_ACROSS: usize = 10;
/// Classes up to which the images of the common sheet are shown large.
const FEW_CLASSES: usize = 20;

/// One optimised image.
#[derive(Debug, Clone, Copy)]
pub struct Prototype<'a> {
    /// The image.
    pub picture: Picture<'a>,
    /// Cross-entropy of the class at the end, in nats.
    pub loss: f32,
    /// Optimisation steps taken.
    pub steps: usize,
}

/// The optimised images of one class; figures are laid out for four.
#[derive(Debug, Clone, Copy)]
pub struct ClassPrototypes<'a> {
    /// Name of the class.
    pub name: &'a str,
    /// The images; each saw random draws of its own.
    pub images: &'a [Prototype<'a>],
}

/// The images of one class in rows of two, each with its loss and number of steps.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn prototype(class: &ClassPrototypes) -> Result<PictureSheet> {
    let mut grid = Grid {
        at: (MARGIN, 0.0),
        side: LARGE,
        gap: (16.0, 34.0),
    };
    let rows = class.images.len().div_ceil(ACROSS).max(1);
    let (width, height) = grid.size(ACROSS, rows);
    let explanation = "images optimised from grey for this class";
    let mut page = PictureSheet::new(width + 2.0 * MARGIN, &spaced(class.name), explanation)?;
    grid.at.1 = page.sheet.top();
    for (i, image) in class.images.iter().enumerate() {
        let (column, row) = (i % ACROSS, i / ACROSS);
        grid.draw(&mut page, column, row, &image.picture);
        let caption = format!("loss {:.3}, {} steps", image.loss, image.steps);
        grid.caption(&mut page, column, row, LARGE as f32 + 17.0, &caption);
    }
    Ok(page.finish(grid.at.1 + height + grid.gap.1 + MARGIN / 2.0))
}

/// All classes on one sheet: the name of each above its images in rows of two.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn prototype_sheet(title: &str, classes: &[ClassPrototypes]) -> Result<PictureSheet> {
    let across = if classes.len() <= FEW_CLASSES {
        classes.len().clamp(3, MOST_CLASSES_ACROSS / 2)
    } else {
        MOST_CLASSES_ACROSS
    };
    let images = |class: &ClassPrototypes| class.images.len().div_ceil(ACROSS);
    let rows_of_images = classes.iter().map(images).max().unwrap_or(1).max(1);
    let mut grid = Grid {
        at: (0.0, 0.0),
        side: if classes.len() <= FEW_CLASSES { 96 } else { 64 },
        gap: (3.0, 3.0),
    };
    let block = grid.size(ACROSS, rows_of_images);
    let pitch = (block.0 + 22.0, block.1 + 40.0);
    let rows = classes.len().div_ceil(across).max(1);
    let width = 2.0 * MARGIN + across as f32 * pitch.0 - 22.0;
    let explanation = "images optimised from grey, each with random draws of its own";
    let mut page = PictureSheet::new(width, title, explanation)?;
    let first = page.sheet.top();
    for (i, class) in classes.iter().enumerate() {
        let left = MARGIN + (i % across) as f32 * pitch.0;
        let top = first + (i / across) as f32 * pitch.1;
        page.sheet
            .text(&spaced(class.name), (left, top + 13.0), TEXT, block.0);
        grid.at = (left, top + 20.0);
        for (j, image) in class.images.iter().enumerate() {
            grid.draw(&mut page, j % ACROSS, j / ACROSS, &image.picture);
        }
    }
    Ok(page.finish(first + rows as f32 * pitch.1 + MARGIN / 2.0))
}
