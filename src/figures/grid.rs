//! Grids of small pictures with captions.

use super::palette::LIGHT_GREY;
use super::picture::Picture;
use super::picture_sheet::PictureSheet;
use super::sheet::SMALL;

/// Equal square tiles in rows and columns; lengths in pixels.
pub(super) struct Grid {
    /// Upper left corner of the first tile.
    pub at: (f32, f32),
    /// Side of a tile.
    pub side: usize,
    /// Gaps between neighbours: across and down. A caption stands in the gap below its tile.
    pub gap: (f32, f32),
}

impl Grid {
    /// Width and height of `columns` × `rows` tiles, with the gaps between but not around them.
    pub fn size(&self, columns: usize, rows: usize) -> (f32, f32) {
        let extent = |n: usize, gap: f32| n as f32 * self.side as f32 + n.saturating_sub(1) as f32 * gap;
        (extent(columns, self.gap.0), extent(rows, self.gap.1))
    }

    /// Upper left corner of a tile.
    pub fn tile(&self, column: usize, row: usize) -> (f32, f32) {
        let side = self.side as f32;
        (
            self.at.0 + column as f32 * (side + self.gap.0),
            self.at.1 + row as f32 * (side + self.gap.1),
        )
    }

    /// `picture` with a thin frame in the tile.
    pub fn draw(&self, page: &mut PictureSheet, column: usize, row: usize, picture: &Picture) {
        let at = self.tile(column, row);
        let frame = self.side as f32 + 2.0;
        page.sheet
            .rectangle((at.0 - 1.0, at.1 - 1.0), (frame, frame), LIGHT_GREY);
        page.picture(picture, at, self.side);
    }

    /// A line of text centred `offset` pixels below the tile's upper edge (negative: above it).
    pub fn caption(&self, page: &mut PictureSheet, column: usize, row: usize, offset: f32, text: &str) {
        let (x, y) = self.tile(column, row);
        let at = (x + self.side as f32 / 2.0, y + offset);
        let room = self.side as f32 + self.gap.0 - 4.0;
        page.sheet.text(text, at, SMALL.centered(), room);
    }
}
