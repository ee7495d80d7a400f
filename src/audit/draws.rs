//! Which random draw belongs to which evaluation of an audit: see the table at [`AuditDraw`].

use crate::attacks::Draw;

/// An evaluation of an audit outside a search, as the `attack` number of its [`Draw`]:
///
/// | `attack` | evaluation | `restart` | `iteration` | `draw` |
/// | --- | --- | --- | --- | --- |
/// | 48 | probe of logits and gradients | 0 | 0 | number of the probe |
/// | 49 | re-draw that scores images | 0 | 0 | repeat |
/// | 50 | frozen views, the same for every image (`image` is 0) | 0 | 0 | 0 |
/// | 51 | selection: which candidate of several attacks is an image's worst | 0 | 0 | repeat |
///
/// Searches, first looks and re-checks have the draws of [`AttackSlot::PGD`](crate::attacks::AttackSlot::PGD)
/// in every audit, and scores the same re-draws: what differs between two results is never the luck
/// of the draw. No re-draw is one that a search or a selection has seen. The numbers 52 to 55 are kept for later
/// audits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AuditDraw {
    /// A probe.
    Probe = 48,
    /// A re-draw.
    Score = 49,
    /// Frozen views.
    Frozen = 50,
    /// A selection.
    Select = 51,
}

impl AuditDraw {
    /// Draw number `draw` of `image`.
    pub fn draw(self, image: u32, draw: u16) -> Draw {
        Draw {
            image,
            attack: self as u8,
            draw,
            ..Draw::default()
        }
    }
}
