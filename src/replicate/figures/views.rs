//! What the network sees of an image: its views at several resolutions.

use super::canvas::{Canvas, MARGIN, TEXT, TITLE_HEIGHT};
use super::figure::Figure;
use super::grid::Grid;
use super::picture::Picture;
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
/// When the sheet cannot be held in memory.
pub fn views(title: &str, rows: &[ViewRow]) -> Result<Figure> {
    let columns = rows.iter().map(|row| row.views.len() + 1).max().unwrap_or(1);
    let grid = Grid {
        at: (MARGIN, TITLE_HEIGHT + 46.0),
        side: SIDE,
        gap: (14.0, 58.0),
    };
    let (width, height) = grid.size(columns.max(FEWEST_COLUMNS), rows.len().max(1));
    let mut canvas = Canvas::new(width + 2.0 * MARGIN, grid.at.1 + height + MARGIN)?;
    canvas.title(
        title,
        "the image, then what the network is given at each resolution",
    );
    for (r, row) in rows.iter().enumerate() {
        let name_at = (grid.at.0, grid.tile(0, r).1 - 26.0);
        canvas.text(row.name, name_at, TEXT, width);
        let size = format!("original, {} × {}", row.original.width(), row.original.height());
        grid.draw(&mut canvas, 0, r, &row.original);
        grid.caption(&mut canvas, 0, r, -7.0, &size);
        for (c, (resolution, picture)) in row.views.iter().enumerate() {
            grid.draw(&mut canvas, c + 1, r, picture);
            let size = format!("{resolution} × {resolution}");
            grid.caption(&mut canvas, c + 1, r, -7.0, &size);
        }
    }
    Ok(canvas.finish())
}
