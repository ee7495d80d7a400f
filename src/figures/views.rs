//! What the network sees of an image: its views at several resolutions.

use super::grid::Grid;
use super::names::spaced;
use super::picture::Picture;
use super::picture_sheet::PictureSheet;
use super::sheet::{MARGIN, TEXT};
use crate::Result;

/// Side of the box that a picture is shown in, in pixels: a multiple of all usual resolutions.
const SIDE: usize = 192;
/// Fewest columns that the sheet is wide, so that the title has room.
const FEWEST_COLUMNS: usize = 3;

/// One image and its views.
#[derive(Debug, Clone)]
pub struct ViewRow<'a> {
    /// Text above the row, for example the class.
    pub name: &'a str,
    /// The image that the views are made from.
    pub original: Picture<'a>,
    /// Resolution (pixels per side) and picture of every view; the picture may have that
    /// resolution or be one already scaled back up.
    pub views: Vec<(usize, Picture<'a>)>,
}

/// Images in rows: the original at the left, then one column per view, each pixel enlarged to a
/// square.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn views(title: &str, rows: &[ViewRow]) -> Result<PictureSheet> {
    let columns = rows.iter().map(|row| row.views.len() + 1).max().unwrap_or(1);
    let mut grid = Grid {
        at: (MARGIN, 0.0),
        side: SIDE,
        gap: (14.0, 58.0),
    };
    let (width, height) = grid.size(columns.max(FEWEST_COLUMNS), rows.len().max(1));
    let mut page = PictureSheet::new(
        width + 2.0 * MARGIN,
        title,
        "the image, then one random draw of what the network is given at each resolution (pixels)",
    )?;
    grid.at.1 = page.sheet.top() + 46.0;
    for (r, row) in rows.iter().enumerate() {
        let name_at = (grid.at.0, grid.tile(0, r).1 - 26.0);
        page.sheet.text(&spaced(row.name), name_at, TEXT, width);
        let size = format!("original, {} × {}", row.original.width(), row.original.height());
        grid.draw(&mut page, 0, r, &row.original);
        grid.caption(&mut page, 0, r, -7.0, &size);
        for (c, (resolution, picture)) in row.views.iter().enumerate() {
            grid.draw(&mut page, c + 1, r, picture);
            let size = format!("{resolution} × {resolution}");
            grid.caption(&mut page, c + 1, r, -7.0, &size);
        }
    }
    Ok(page.finish(grid.at.1 + height + MARGIN))
}
