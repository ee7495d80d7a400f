//! How pictures are cut into tiles of outputs.

use super::super::Geometry;

/// The tiles of a batch: `down` × `across` of `out`² outputs in each picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub geometry: Geometry,
    /// Outputs along an edge of a tile.
    pub out: usize,
    pub down: usize,
    pub across: usize,
}

/// Where a tile lies.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// Picture.
    pub n: usize,
    /// First output row and column.
    pub p: usize,
    pub q: usize,
}

impl Grid {
    pub fn new(geometry: Geometry, out: usize) -> Self {
        Self {
            geometry,
            out,
            down: geometry.p.div_ceil(out),
            across: geometry.q.div_ceil(out),
        }
    }

    /// Rows of tiles in the whole batch.
    pub fn rows(&self) -> usize {
        self.geometry.n * self.down
    }

    /// Tile `number` of those from row `first_row` of tiles on.
    #[inline(always)]
    pub fn tile(&self, first_row: usize, number: usize) -> Tile {
        let (row, column) = (first_row + number / self.across, number % self.across);
        Tile {
            n: row / self.down,
            p: row % self.down * self.out,
            q: column * self.out,
        }
    }

    /// The first row of output pixels, counted through the batch, that tile row `row` makes.
    fn first_pixel_row(&self, row: usize) -> usize {
        let g = &self.geometry;
        row / self.down * g.p + (row % self.down * self.out).min(g.p)
    }

    /// The first output pixel, counted through the batch, of tile row `row`.
    pub fn first_pixel(&self, row: usize) -> usize {
        self.first_pixel_row(row) * self.geometry.q
    }

    /// Tile rows a job: as many as leave `threads` threads done soonest, where a job takes as long as
    /// the whole blocks of `block` tiles that it touches; at most `most` tiles, but one row.
    pub fn rows_per_job(&self, block: usize, most: usize, threads: usize) -> usize {
        let longest = |rows: &usize| {
            let jobs = self.rows().div_ceil(*rows);
            jobs.div_ceil(threads.max(1)) * (rows * self.across).div_ceil(block)
        };
        // Of equal ones the largest: it reads the weights least often.
        let most = (most / self.across).clamp(1, self.rows().max(1));
        (1..=most).rev().min_by_key(longest).unwrap_or(1)
    }

    /// The square of `size` inputs under a tile.
    #[inline(always)]
    pub fn inputs(&self, tile: Tile, size: usize) -> Pixels {
        let g = &self.geometry;
        let corner = [
            tile.p.wrapping_sub(g.padding[0]),
            tile.q.wrapping_sub(g.padding[1]),
        ];
        Pixels::new(tile.n, corner, [g.h, g.w, g.c], size)
    }

    /// The square of a tile's outputs.
    #[inline(always)]
    pub fn outputs(&self, tile: Tile) -> Pixels {
        let g = &self.geometry;
        Pixels::new(tile.n, [tile.p, tile.q], [g.p, g.q, g.k], self.out)
    }
}

/// A square of pixels that may reach beyond the picture. Numbers below 0 wrap around.
#[derive(Clone, Copy)]
pub(super) struct Pixels {
    /// The corner as an element of the batch.
    corner: usize,
    /// Elements from a pixel to the next, and from a row to the next.
    pixel: usize,
    row: usize,
    /// The rows and columns inside the picture: first and end.
    rows: [usize; 2],
    columns: [usize; 2],
}

impl Pixels {
    #[inline(always)]
    fn new(n: usize, [p, q]: [usize; 2], [height, width, channels]: [usize; 3], size: usize) -> Self {
        let inside = |corner: usize, length: usize| {
            let first = (corner as isize).min(0).unsigned_abs().min(size);
            [first, length.wrapping_sub(corner).min(size)]
        };
        let row = n.wrapping_mul(height).wrapping_add(p);
        Self {
            corner: row.wrapping_mul(width).wrapping_add(q).wrapping_mul(channels),
            pixel: channels,
            row: width * channels,
            rows: inside(p, height),
            columns: inside(q, width),
        }
    }

    /// The corner, elements from a row to the next and from a pixel to the next, if all `size`² pixels are inside.
    #[inline(always)]
    pub fn inside(&self, size: usize) -> Option<[usize; 3]> {
        match self.rows == [0, size] && self.columns == [0, size] {
            true => Some([self.corner, self.row, self.pixel]),
            false => None,
        }
    }

    /// Row `i`, column `j` as an element of the batch; nothing outside the picture.
    #[inline(always)]
    pub fn place(&self, i: usize, j: usize) -> Option<usize> {
        let inside = |i: usize, [first, end]: [usize; 2]| i >= first && i < end;
        let place = self.corner.wrapping_add(i * self.row + j * self.pixel);
        match inside(i, self.rows) && inside(j, self.columns) {
            true => Some(place),
            false => None,
        }
    }
}
