//! Who uses which random draw: see the table at [`AttackSlot`].

use super::Draw;
use crate::{Error, Result};

/// Number of an attack among those of a run. Attacks in different slots share no random draw.
///
/// Every evaluation of a model by an attack has a [`Draw`] of its own, which depends on nothing
/// but the image's id and the place of the evaluation in the attack:
///
/// | `attack` | evaluation | `restart` | `iteration` | `draw` |
/// | --- | --- | --- | --- | --- |
/// | 0 | code outside this module | | | |
/// | 1 | accuracy without a search | 0 initial, 1 re-drawn after AutoAttack, 2 + s re-drawn after slot s | 0 | repeat |
/// | 2 + 3s | attack in slot s: prediction that decides what is attacked | 0 | 0 | 0 |
/// | 3 + 3s | its search | restart | iterate, 0 is the start | EoT draw |
/// | 4 + 3s | re-check of what it returned | 0 | 0 | 0 |
///
/// With [`AttackSlot::COUNT`] slots the numbers end at 31; those from 32 belong to the caller. The
/// random start of a search has the draw of its iterate 0, in the stream of
/// [`Purpose::Attack`](crate::tensor::Purpose::Attack).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct AttackSlot(u8);

impl AttackSlot {
    /// Number of slots.
    pub const COUNT: u8 = 10;
    /// APGD on the cross-entropy.
    pub const APGD_CE: Self = Self(0);
    /// APGD on the difference-of-logits ratio.
    pub const APGD_DLR: Self = Self(1);
    /// PGD.
    pub const PGD: Self = Self(2);
    /// FGSM.
    pub const FGSM: Self = Self(3);
    /// APGD on the targeted difference-of-logits ratio.
    pub const APGD_T: Self = Self(4);
    /// FAB against the nearest class.
    pub const FAB: Self = Self(5);
    /// FAB against given classes.
    pub const FAB_T: Self = Self(6);
    /// Square.
    pub const SQUARE: Self = Self(7);
    /// Null controls of a campaign.
    pub(crate) const CONTROL: Self = Self(9);

    /// Slot `number`, for attacks without a slot of their own above.
    ///
    /// # Errors
    /// [`Error::Argument`] if `number` is not below [`AttackSlot::COUNT`].
    pub fn new(number: u8) -> Result<Self> {
        if number < Self::COUNT {
            return Ok(Self(number));
        }
        let expected = format!("below {}", Self::COUNT);
        Err(Error::argument("AttackSlot", "number", expected, number))
    }

    /// The draw for the prediction that decides whether `image` is attacked.
    pub fn prediction(self, image: u32) -> Draw {
        self.draw(2, image)
    }

    /// Draw `draw` of iterate `iteration` of the search from start `restart`.
    pub fn search(self, image: u32, restart: u16, iteration: u16, draw: u16) -> Draw {
        Draw {
            restart,
            iteration,
            draw,
            ..self.draw(3, image)
        }
    }

    /// The draw for the verdict on what the attack returned for `image`.
    pub fn recheck(self, image: u32) -> Draw {
        self.draw(4, image)
    }

    fn draw(self, first: u8, image: u32) -> Draw {
        Draw {
            image,
            attack: first + 3 * self.0,
            ..Draw::default()
        }
    }
}

impl TryFrom<u8> for AttackSlot {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self> {
        Self::new(number)
    }
}

impl From<AttackSlot> for u8 {
    fn from(slot: AttackSlot) -> u8 {
        slot.0
    }
}

/// An evaluation of images as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// Before any attack.
    Initial,
    /// Of the final images of AutoAttack.
    AfterAutoAttack,
    /// Of the images that the attack in a slot returned.
    After(AttackSlot),
}

impl Evaluation {
    /// The draw of `image` in repeat `repeat`.
    pub fn draw(self, image: u32, repeat: u16) -> Draw {
        let restart = match self {
            Self::Initial => 0,
            Self::AfterAutoAttack => 1,
            Self::After(slot) => 2 + u16::from(slot.0),
        };
        Draw {
            image,
            attack: 1,
            restart,
            iteration: 0,
            draw: repeat,
        }
    }
}
