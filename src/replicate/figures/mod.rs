//! The figures of a run, drawn as PNG without any outside program.
//!
//! Every figure is one function from plain data — slices of numbers, names and [`Picture`]s, no
//! tensors — to the bytes of a PNG file; writing them is the caller's business. The same input
//! gives the same bytes: the files carry neither a date nor a path.
//!
//! Colours are those of Okabe & Ito, which people with any of the common colour-vision
//! deficiencies can tell apart; text is at least 12 px high (em size) and long names are cut with
//! an ellipsis. Accuracies come in as fractions and are drawn in per cent. A number that is not
//! finite leaves a gap in its curve or a bar marked "n/a"; it is never an error, because a picture
//! of a run that diverged is worth having.

mod attack;
mod broken;
mod canvas;
mod curves;
mod figure;
mod grid;
mod layers;
mod palette;
mod picture;
mod plot;
mod prototypes;
mod raster;
mod svg;
mod text;
mod ticks;
mod views;
mod votes;

#[cfg(test)]
mod tests;

pub use attack::{AttackRow, AttackStage, attack};
pub use broken::{BROKEN_PER_SHEET, BrokenImage, broken};
pub use curves::{Curve, accuracy_curve, curves, loss_curve};
pub use figure::Figure;
pub use layers::{LayerBar, Predictor, layers};
pub use picture::Picture;
pub use prototypes::{ClassPrototypes, Prototype, prototype, prototype_sheet};
pub use views::{ViewRow, views};
