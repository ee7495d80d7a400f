//! Where the noise of a view stack comes from.

use crate::tensor::{Counter, Philox};

/// Where the two noise pictures of a view come from, as uniform numbers in [0, 1).
///
/// Elements are ordered (row, channel, column): element = (row·3 + channel)·width + column.
pub trait NoiseSource<T>: Sync {
    /// Noise at the view's own resolution r, r·3·r elements, of batch row `row` in `view`.
    fn low(&self, row: usize, view: usize, out: &mut [T]);
    /// Noise at full resolution, H·3·W elements, of batch row `row` in `view`.
    fn full(&self, row: usize, view: usize, out: &mut [T]);

    /// The same noise as random streams, which a device draws itself. A source without them is asked
    /// for its pictures, which are then copied to the device.
    fn streams(&self) -> Option<NoiseStreams<'_>> {
        None
    }
}

/// Noise as random streams: element i of a picture is number i of the stream of its row and view, from
/// the picture's first block on.
#[derive(Clone, Copy, Debug)]
pub struct NoiseStreams<'a> {
    /// The generator.
    pub philox: Philox,
    /// One counter a row of the batch (rows beyond have the default one); the view is filled in.
    pub counters: &'a [Counter],
    /// First block of the noise at the view's own resolution.
    pub low: u32,
    /// First block of the noise at full resolution.
    pub full: u32,
    /// Standard normal numbers instead of uniform ones.
    pub normal: bool,
}
