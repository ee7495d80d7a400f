//! The images that the attack broke, and how the votes over them fell.

use super::grid::Grid;
use super::names::class_name;
use super::picture::Picture;
use super::picture_sheet::PictureSheet;
use super::sheet::{MARGIN, SMALL, TEXT};
use super::style::legend;
use super::votes;
use crate::{Error, Result};

/// Images on one sheet; more of them give more sheets.
pub const BROKEN_PER_SHEET: usize = 32;

/// Images up to which one column is enough.
const ONE_COLUMN: usize = 8;
/// Side of a picture in pixels.
const SIDE: usize = 96;
/// Height of the line above an image's pictures, in pixels.
const HEADER: f32 = 24.0;
/// Height of an image's row in pixels.
const PITCH: f32 = HEADER + SIDE as f32 + 16.0;
/// Gap between the two columns of the sheet in pixels.
const GUTTER: f32 = 48.0;

/// One image that was right before the attack and is wrong after it.
#[derive(Debug, Clone, Copy)]
pub struct BrokenImage<'a> {
    /// Number of the image in its data set.
    pub id: usize,
    /// True class.
    pub label: usize,
    /// The image.
    pub clean: Picture<'a>,
    /// The image that the attack made of it, of the same size.
    pub adversarial: Picture<'a>,
    /// Class that each of several independent draws gives the clean image.
    pub clean_votes: &'a [usize],
    /// The same for the adversarial image.
    pub adversarial_votes: &'a [usize],
}

/// For every broken image clean | perturbation | adversarial and the votes over both, on as many
/// sheets as it takes (at least one: it then says that nothing was broken).
///
/// The perturbation is drawn as 0.5 + 0.5·δ/`epsilon`, so that grey is no change and the bound of
/// the L∞ ball black or white; `epsilon` is in units of the pixel range [0, 1]. `classes` are the
/// names of the classes.
///
/// # Errors
/// When `epsilon` is not positive or the two pictures of an image differ in size.
pub fn broken(
    title: &str,
    images: &[BrokenImage],
    classes: &[impl AsRef<str>],
    epsilon: f32,
) -> Result<Vec<PictureSheet>> {
    if !(epsilon > 0.0 && epsilon.is_finite()) {
        let op = "figures::broken";
        return Err(Error::argument(op, "epsilon", "a positive number", epsilon));
    }
    let classes: Vec<&str> = classes.iter().map(AsRef::as_ref).collect();
    let total = images.len();
    let mut sheets = Vec::new();
    for (i, part) in images.chunks(BROKEN_PER_SHEET).enumerate() {
        let first = i * BROKEN_PER_SHEET + 1;
        let last = first + part.len() - 1;
        let title = match total {
            1 => format!("{title} (1 image)"),
            2..=BROKEN_PER_SHEET => format!("{title} ({total} images)"),
            _ => format!("{title} ({first}–{last} of {total})"),
        };
        sheets.push(sheet(&title, part, &classes, epsilon)?);
    }
    if sheets.is_empty() {
        sheets.push(sheet(&format!("{title} (none)"), &[], &classes, epsilon)?);
    }
    Ok(sheets)
}

/// One sheet; see [`broken`].
fn sheet(title: &str, images: &[BrokenImage], classes: &[&str], epsilon: f32) -> Result<PictureSheet> {
    let columns = if images.len() <= ONE_COLUMN { 1 } else { 2 };
    let rows = images.len().div_ceil(columns);
    let mut grid = Grid {
        at: (0.0, 0.0),
        side: SIDE,
        gap: (12.0, 0.0),
    };
    let pictures = grid.size(3, 1).0;
    let column_width = pictures + 24.0 + votes::WIDTH + 16.0 + votes::WIDTH;
    let width = 2.0 * MARGIN + columns as f32 * (column_width + GUTTER) - GUTTER;
    let gain = 0.5 / epsilon;
    let explanation = format!(
        "perturbation: 0.5 + 0.5 δ/ε with ε = {}/255, drawn {gain:.1} times stronger; grey is no change \
         (all grey: a new draw alone was wrong), black and white are ∓ε; votes: predictions of \
         independent draws",
        (epsilon * 255_000.0).round() / 1000.0
    );
    let mut page = PictureSheet::new(width, title, &explanation)?;
    let top = page.sheet.top() + 44.0;
    let height = top + (rows as f32 * PITCH).max(40.0) + MARGIN / 2.0;
    let key_at = (MARGIN, page.sheet.top() + 18.0);
    if images.is_empty() {
        page.sheet
            .text("No image was broken.", key_at, TEXT, column_width);
        return Ok(page.finish(height));
    }
    let pictures_key = "pictures: clean | perturbation | adversarial";
    page.sheet.text(pictures_key, key_at, SMALL, column_width);
    let colors_at = (key_at.0 + pictures + 24.0, page.sheet.top() + 4.0);
    legend(&mut page.sheet, &votes::KEY, colors_at, 2.0 * votes::WIDTH);
    for (i, image) in images.iter().enumerate() {
        let left = MARGIN + (i / rows) as f32 * (column_width + GUTTER);
        let y = top + (i % rows) as f32 * PITCH;
        let name = class_name(classes, image.label);
        let heading = format!("image {} · true class: {name}", image.id);
        let heading_at = (left, y + 14.0);
        grid.at = (left, y + HEADER);
        let change = perturbation(image, gain)?;
        let change = Picture::new(image.clean.width(), image.clean.height(), &change)?;
        for (column, picture) in [image.clean, change, image.adversarial].iter().enumerate() {
            grid.draw(&mut page, column, 0, picture);
        }
        page.sheet.text(&heading, heading_at, TEXT, pictures);
        let mut x = left + pictures + 24.0;
        for (state, votes) in [
            ("clean", image.clean_votes),
            ("adversarial", image.adversarial_votes),
        ] {
            let heading = format!("{state}, {} draws", votes.len());
            page.sheet
                .text(&heading, (x, y + 14.0), SMALL.grey(), votes::WIDTH);
            votes::draw(&mut page.sheet, votes, image.label, classes, (x, y + HEADER));
            x += votes::WIDTH + 16.0;
        }
    }
    Ok(page.finish(height))
}

/// 0.5 + `gain`·(adversarial − clean), H×W×3.
fn perturbation(image: &BrokenImage, gain: f32) -> Result<Vec<f32>> {
    let (clean, adversarial) = (image.clean, image.adversarial);
    let size = |p: Picture| (p.height(), p.width());
    if size(clean) != size(adversarial) {
        return Err(Error::shape(
            "figures::broken",
            "adversarial",
            format!("(height, width) of the clean image, {:?}", size(clean)),
            format!("{:?}", size(adversarial)),
        ));
    }
    let pairs = adversarial.rgb().iter().zip(clean.rgb());
    Ok(pairs.map(|(a, c)| 0.5 + gain * (a - c)).collect())
}
