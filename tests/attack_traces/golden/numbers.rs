//! The random numbers that the recorded runs were given.

use super::network::IMAGE;
use crossmax::Result;
use crossmax::attacks::{AttackKind, AttackSlot, Norm, SquareSource, StartSource};
use crossmax::testing::formula::unit;

/// Uniform numbers by name, the same on both sides; `tests/reference/golden.md` lists the names. As in the reference
/// implementation all images share the places of Square's squares, and for L∞ their signs too.
pub struct RecordedNumbers(pub Norm);

/// The attack's name in the names of its starts.
fn attack_name(slot: AttackSlot) -> &'static str {
    let kind = AttackKind::ALL.into_iter().find(|kind| kind.slot() == slot);
    kind.map_or("none", AttackKind::name)
}

impl StartSource<f64> for RecordedNumbers {
    fn fill(&self, slot: AttackSlot, search: u16, image: u32, out: &mut [f64]) -> Result<()> {
        let name = format!("golden.{}.{search}.{image}", attack_name(slot));
        out.iter_mut()
            .enumerate()
            .for_each(|(i, number)| *number = unit(&name, i));
        Ok(())
    }
}

impl SquareSource for RecordedNumbers {
    fn fill(&self, _: AttackSlot, _: u16, query: u16, image: u32, out: &mut [f64]) -> Result<()> {
        let (shared, own) = (
            format!("golden.square.{query}"),
            format!("golden.square.{query}.{image}"),
        );
        let [.., channels] = IMAGE;
        for (i, number) in out.iter_mut().enumerate() {
            *number = match (self.0, query) {
                (Norm::Linf, 0) => unit(&own, i),
                (Norm::Linf, _) => unit(&shared, i),
                (_, 0) => match (i / (1 + channels), i % (1 + channels)) {
                    (tile, 0) => unit(&shared, tile),
                    (tile, sign) => unit(&own, channels * tile + sign - 1),
                },
                _ if i < 5 => unit(&shared, i),
                _ => unit(&own, i - 5),
            };
        }
        Ok(())
    }
}
