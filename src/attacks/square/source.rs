//! Where the random squares come from. [`SeededStarts`](crate::attacks::SeededStarts) draws them from a seed.

use crate::Result;
use crate::attacks::AttackSlot;

/// A source of the uniform numbers that place and colour the squares.
pub trait SquareSource: Sync {
    /// Fills `out` with uniform numbers in [0, 1) for query `query` of restart `restart` of the attack in
    /// `slot` on `image`; query 0 is the start. They may depend on nothing else.
    ///
    /// A number u means the sign + if it is at least 1/2, or the position ⌊u·n⌋ among n. With C channels and W
    /// columns the numbers are, in this order:
    ///
    /// | norm | query | numbers |
    /// | --- | --- | --- |
    /// | L∞ | 0 | signs of the stripes, C × W |
    /// | L∞ | others | row and column of the square, C signs |
    /// | L2, L1 | 0 | for every tile, in rows: orientation, C signs |
    /// | L2, L1 | others | row and column of the window that grows, row and column of the one that is emptied, orientation, C signs |
    ///
    /// # Errors
    /// If the source has no numbers for this query.
    fn fill(&self, slot: AttackSlot, restart: u16, query: u16, image: u32, out: &mut [f64]) -> Result<()>;
}
