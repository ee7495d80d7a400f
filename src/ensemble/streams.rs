//! Which random draws belong to whom: no two evaluations of a run share one unless they name the
//! same.

use crate::attacks::Draw;
use crate::tensor::Counter;

/// Who asks for draws of the views, as the `attack` field of their [`Counter`]. Attacks use 0 to
/// 31 (see [`crate::attacks`]); the stages of a run use the numbers from 32,
/// audits those from 48 (see [`crate::audit`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stream {
    /// Training of the backbone; the iteration is the epoch.
    TrainBackbone = 32,
    /// Training of a head; the iteration is the epoch, the restart the layer.
    TrainHead = 33,
    /// Test accuracy after an epoch; the iteration is the epoch.
    EpochTest = 34,
    /// Final clean accuracy.
    CleanTest = 35,
    /// The ten votes shown beside each broken image.
    Votes = 36,
    /// Images optimised from grey; the iteration is the step.
    Prototypes = 37,
    /// Pictures of the views.
    Views = 38,
    /// `predict`.
    Predict = 39,
}

impl Stream {
    /// The draw of `image` in this stream.
    pub fn draw(self, image: u32, iteration: u16, draw: u16) -> Draw {
        Draw {
            image,
            attack: self as u8,
            restart: 0,
            iteration,
            draw,
        }
    }
}

/// The random counter of a draw, in pass `pass` through the network.
pub fn draw_of(draw: &Draw, pass: u8) -> Counter {
    Counter {
        image: draw.image,
        attack: draw.attack,
        restart: draw.restart,
        iteration: draw.iteration,
        draw: draw.draw,
        pass,
        view: 0,
    }
}
