//! Settings of the ladder.

use super::RungName;
use crate::attacks::LinfBall;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Settings of the ladder. They scale its cost: a search takes images × (iterations + 1) × draws passes forward and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LadderConfig {
    /// L∞ radius around the clean images, in units of the image range [0, 1].
    pub eps: f64,
    /// Iterations of every search.
    pub iterations: u16,
    /// Size of PGD's steps, in the units of `eps`.
    pub step_size: f64,
    /// Draws a gradient in attacks on the defence itself.
    pub eot: u16,
    /// Draws a gradient in attacks on the surrogate, members and subsets.
    pub surrogate_eot: u16,
    /// Draws a gradient in the rung that has many.
    pub most_eot: u16,
    /// Random starts of the last rung, at most 128.
    pub restarts: u16,
    /// Selection draws: those that choose an image's worst candidate.
    pub selection: u16,
    /// The rungs to climb, each once, in their order.
    pub rungs: Vec<RungName>,
    /// Images that are attacked together; kept after each block. No influence on any result.
    #[serde(skip, default = "block")]
    pub block: usize,
}

fn block() -> usize {
    16
}

impl LadderConfig {
    /// All rungs as in the literature: 100 iterations, 20 draws a gradient on the defence (AutoAttack's `rand`), 4 on surrogates,
    /// 100 in the rung named after them; steps of ε/10, 5 restarts, 10 selection draws, blocks of 16 images.
    pub fn new(eps: f64) -> Self {
        Self {
            eps,
            iterations: 100,
            step_size: eps / 10.0,
            eot: 20,
            surrogate_eot: 4,
            most_eot: 100,
            restarts: 5,
            selection: 10,
            rungs: RungName::ALL.to_vec(),
            block: block(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        const OP: &str = "ladder";
        LinfBall::<f64>::new(self.eps)?;
        for (name, value) in [
            ("iterations", self.iterations),
            ("eot", self.eot),
            ("surrogate_eot", self.surrogate_eot),
            ("most_eot", self.most_eot),
            ("selection", self.selection),
        ] {
            if value == 0 {
                return Err(Error::argument(OP, name, "at least 1", value));
            }
        }
        if !(1..=RungName::SEARCHES).contains(&self.restarts) {
            return Err(Error::argument(OP, "restarts", "1 to 128", self.restarts));
        }
        if self.block == 0 {
            return Err(Error::argument(OP, "block", "at least 1", self.block));
        }
        self.check_rungs()
    }

    fn check_rungs(&self) -> Result<()> {
        let refuse = |expected: &str| {
            let names: Vec<&str> = self.rungs.iter().map(|rung| rung.name()).collect();
            let found = match names.is_empty() {
                true => "none".into(),
                false => names.join(", "),
            };
            Err(Error::argument("ladder", "rungs", expected, found))
        };
        let has = |rung| self.rungs.contains(&rung);
        if self.rungs.is_empty() || !self.rungs.is_sorted_by(|a, b| a < b) {
            return refuse("at least one, each once, the lower ones first");
        }
        if has(RungName::WarmStart) && !has(RungName::Surrogate) {
            return refuse("surrogate among them, from whose result warm-start begins");
        }
        let random = [
            RungName::AllImages,
            RungName::Surrogate,
            RungName::Members,
            RungName::Eot100,
        ];
        if has(RungName::Restarts) && !random.into_iter().any(has) {
            return refuse("one from all-images to eot-100 among them, whose attacks restarts repeats");
        }
        Ok(())
    }
}
