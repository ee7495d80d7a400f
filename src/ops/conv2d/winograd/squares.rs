//! Squares of vectors of channels: where they come from, both axes of a transform, and where they go.

use super::scheme::Transform;
use super::tiles::Pixels;
use crate::ops::panels::LANES;
use pulp::Simd;

/// Vectors on the stack, a cache line each: a vector that lies across two lines takes twice as long.
#[repr(C, align(64))]
struct Aligned<V>(V);

/// What a transform reads.
pub(super) trait Source {
    /// Row `i`, column `j`.
    fn get<S: Simd>(&self, simd: S, i: usize, j: usize) -> S::f32s;
}

/// What a transform writes.
pub(super) trait Sink {
    /// Row `i`, column `j`.
    fn put<S: Simd>(&mut self, simd: S, i: usize, j: usize, value: S::f32s);
}

/// `transform` along both axes of a square: first down its columns, then along its rows.
#[inline(always)]
pub(super) fn both_axes<S: Simd, const FROM: usize, const TO: usize>(
    simd: S,
    source: &impl Source,
    transform: impl Transform<FROM, TO>,
    sink: &mut impl Sink,
) {
    let zero = simd.splat_f32s(0.0);
    let mut columns = Aligned([[zero; FROM]; TO]);
    for j in 0..FROM {
        let mut column = [zero; FROM];
        for (i, value) in column.iter_mut().enumerate() {
            *value = source.get(simd, i, j);
        }
        let column = transform.along(simd, column);
        for (row, value) in columns.0.iter_mut().zip(column) {
            row[j] = value;
        }
    }
    for (i, row) in columns.0.into_iter().enumerate() {
        for (j, value) in transform.along(simd, row).into_iter().enumerate() {
            sink.put(simd, i, j, value);
        }
    }
}

/// Element (i, j) of a square lies at (i·`edge` + j)·`stride`.
pub(super) struct Positions<T> {
    pub values: T,
    pub edge: usize,
    pub stride: usize,
    /// Elements there, if fewer than a vector.
    pub live: usize,
}

impl Source for Positions<&[f32]> {
    #[inline(always)]
    fn get<S: Simd>(&self, simd: S, i: usize, j: usize) -> S::f32s {
        load(simd, &self.values[(i * self.edge + j) * self.stride..], self.live)
    }
}

impl Sink for Positions<&mut [f32]> {
    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, i: usize, j: usize, value: S::f32s) {
        let place = (i * self.edge + j) * self.stride;
        store(simd, &mut self.values[place..], self.live, value);
    }
}

/// Pixels that all lie in the picture.
struct Inside<'a> {
    /// From the square's corner on.
    values: &'a [f32],
    /// Elements from a row to the next, and from a pixel to the next.
    row: usize,
    pixel: usize,
    live: usize,
}

impl Source for Inside<'_> {
    #[inline(always)]
    fn get<S: Simd>(&self, simd: S, i: usize, j: usize) -> S::f32s {
        load(simd, &self.values[i * self.row + j * self.pixel..], self.live)
    }
}

/// Pixels some of which lie outside the picture, where it is zero.
struct AtEdge<'a> {
    /// The whole batch.
    values: &'a [f32],
    pixels: Pixels,
    /// First channel.
    offset: usize,
    live: usize,
}

impl Source for AtEdge<'_> {
    #[inline(always)]
    fn get<S: Simd>(&self, simd: S, i: usize, j: usize) -> S::f32s {
        const OUTSIDE: [f32; LANES] = [0.0; LANES];
        let from = match self.pixels.place(i, j) {
            Some(place) => &self.values[place + self.offset..],
            None => &OUTSIDE,
        };
        load(simd, from, self.live)
    }
}

/// [`both_axes`] of `live` channels from `offset` on of pixels of the whole batch `values`.
#[inline(always)]
pub(super) fn from_pixels<S: Simd, const FROM: usize, const TO: usize>(
    simd: S,
    (values, pixels): (&[f32], Pixels),
    (offset, live): (usize, usize),
    transform: impl Transform<FROM, TO>,
    sink: &mut impl Sink,
) {
    // Most tiles are inside: there nothing has to be asked.
    if let Some([corner, row, pixel]) = pixels.inside(FROM) {
        let values = &values[corner + offset..];
        let inside = Inside {
            values,
            row,
            pixel,
            live,
        };
        both_axes(simd, &inside, transform, sink);
    } else {
        let at_edge = AtEdge {
            values,
            pixels,
            offset,
            live,
        };
        both_axes(simd, &at_edge, transform, sink);
    }
}

/// The first `live` elements of `from`, at most a vector; zeros beyond.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, from: &[f32], live: usize) -> S::f32s {
    if live >= S::F32_LANES {
        match S::as_simd_f32s(from).0.first() {
            Some(&whole) => whole,
            None => simd.splat_f32s(0.0),
        }
    } else {
        simd.partial_load_f32s(&from[..live])
    }
}

/// As much of `vector` as `live` says.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, to: &mut [f32], live: usize, vector: S::f32s) {
    if live >= S::F32_LANES {
        if let Some(whole) = S::as_mut_simd_f32s(to).0.first_mut() {
            *whole = vector;
        }
    } else {
        simd.partial_store_f32s(&mut to[..live], vector);
    }
}
