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

    /// The windows' inputs of a tile as elements of the input; nothing outside the picture.
    #[inline(always)]
    pub fn inputs<const IN: usize>(&self, tile: Tile) -> [[Option<usize>; IN]; IN] {
        let g = &self.geometry;
        let mut places = [[None; IN]; IN];
        for (i, places) in places.iter_mut().enumerate() {
            let h = (tile.p + i).wrapping_sub(g.padding[0]);
            for (j, place) in places.iter_mut().enumerate() {
                let w = (tile.q + j).wrapping_sub(g.padding[1]);
                *place = (h < g.h && w < g.w).then(|| ((tile.n * g.h + h) * g.w + w) * g.c);
            }
        }
        places
    }

    /// The outputs of a tile as elements of the output; nothing outside the picture.
    #[inline(always)]
    pub fn outputs<const OUT: usize>(&self, tile: Tile) -> [[Option<usize>; OUT]; OUT] {
        let g = &self.geometry;
        let mut places = [[None; OUT]; OUT];
        for (i, places) in places.iter_mut().enumerate() {
            for (j, place) in places.iter_mut().enumerate() {
                let (p, q) = (tile.p + i, tile.q + j);
                *place = (p < g.p && q < g.q).then(|| ((tile.n * g.p + p) * g.q + q) * g.k);
            }
        }
        places
    }
}
