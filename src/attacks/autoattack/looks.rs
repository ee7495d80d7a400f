//! How often attacks look at an image.

use super::config::Attack;
use super::{AttackKind, AutoAttackConfig};

/// How often an attack looks at an image that it does not fool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Its searches, one after the other.
    pub searches: u16,
    /// Points that each of them looks at, and calls the image fooled where a look is wrong.
    pub points: u16,
    /// Draws of a look, which is wrong if more than half of them are.
    pub draws: u16,
}

impl Looks {
    /// All points: numbers of the search and of the point.
    pub fn all(self) -> impl Iterator<Item = (u16, u16)> {
        (0..self.searches).flat_map(move |search| (0..self.points).map(move |point| (search, point)))
    }
}

impl AutoAttackConfig {
    /// The looks of `attack` on a classifier of `classes` classes.
    pub fn looks(&self, attack: AttackKind, classes: usize) -> Looks {
        match self.attack(attack) {
            Attack::Apgd(apgd) => {
                // Iterates within larger radii do not count. The start does.
                let iterations = apgd.phases().last().map_or(0, |&(_, iterations)| iterations);
                Looks {
                    searches: apgd.searches(classes),
                    points: iterations.saturating_add(1),
                    // There the last draw decides.
                    draws: if self.compat { 1 } else { self.eot },
                }
            }
            Attack::Fab(fab) => Looks {
                searches: fab.searches(classes),
                points: fab.iterations,
                draws: 1,
            },
            Attack::Square(square) => Looks {
                searches: square.restarts,
                points: square.queries.saturating_add(1),
                draws: 1,
            },
        }
    }
}
