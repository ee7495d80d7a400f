//! 3×3 convolutions of stride 1 by Winograd's minimal filtering: fewer multiplications, for f32 on the CPU.
//!
//! A tile of inputs is transformed, multiplied with transformed weights position by position (36 or 16
//! matrix products over the tiles), and transformed back. Which layers go this way depends on the layer's
//! shapes alone, never on the batch. A tile's result depends on the tile alone, products are the chains of
//! [`panels`], and the transforms fuse nothing: bits do not depend on threads, batch or instruction set.
//! They differ from a direct sum's; the tests bound the difference.

mod forward;
mod scheme;
mod squares;
#[cfg(test)]
mod tests;
mod tiles;
mod weight_gradient;

pub(super) use forward::{Filters, forward};
pub(super) use weight_gradient::weight_gradient;

use super::Geometry;
use crate::ops::panels::{LANES, RowStride};

/// The size of the tiles of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// F(2×2, 3×3): 16 products for 36.
    Two,
    /// F(4×4, 3×3): 36 products for 144.
    Four,
}

/// Most transformed weights for [`Size::Four`]: beyond that, reading them takes longer than multiplying.
const MOST_WEIGHTS: usize = 36 * 128 * 128;

impl Size {
    /// The tiles for a layer, if it is one of those that gain.
    pub fn of(g: &Geometry) -> Option<Self> {
        let fits = (g.r, g.s, g.stride) == (3, 3, [1, 1]);
        let rows_fit = RowStride::of(g.c).is_some() && RowStride::of(g.k).is_some();
        // Few channels are as soon multiplied as transformed.
        if !fits || !rows_fit || g.c.min(g.k) < LANES / 2 || g.c.max(g.k) < LANES {
            return None;
        }
        // The part of the tiles that lies in the picture.
        let used = |out: usize| {
            let tiles = g.p.next_multiple_of(out) * g.q.next_multiple_of(out);
            (g.p * g.q) as f64 / tiles as f64
        };
        match (used(2), used(4)) {
            (_, four) if four > 0.7 && 36 * g.c * g.k <= MOST_WEIGHTS => Some(Self::Four),
            (two, _) if two > 0.8 => Some(Self::Two),
            _ => None,
        }
    }
}
