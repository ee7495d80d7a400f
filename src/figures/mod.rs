//! Figures, drawn without any outside program.
//!
//! Every figure is one function from plain data — slices of numbers, names and [`Picture`]s, no
//! tensors — to a sheet that is then asked for its files; writing them is the caller's business.
//! Plots are [`Sheet`]s: a list of text, lines and areas that becomes SVG or PNG. Figures of
//! pictures are [`PictureSheet`]s and become PNG only. The same input gives the same bytes: the
//! files carry neither a date nor a path.
//!
//! Colours are those of Okabe & Ito, which people with any of the common colour-vision
//! deficiencies can tell apart; what they tell apart is told in grey too, by markers, broken lines
//! or lightness. Text is at least 12 px high (em size) and names that are too long are cut with an
//! ellipsis. Accuracies come in as fractions and are drawn in per cent. A number that is not finite
//! leaves a gap in its curve or a bar marked "n/a"; it is never an error, because a picture of a run
//! that diverged is worth having.

mod attack;
mod broken;
mod curves;
mod grid;
mod layers;
mod names;
mod palette;
mod picture;
mod picture_sheet;
mod plot;
mod prototypes;
mod raster;
mod response;
mod sheet;
mod style;
mod svg;
mod text;
mod ticks;
mod views;
mod votes;

#[cfg(test)]
mod tests;

pub use attack::{AttackRow, AttackStage, attack};
pub use broken::{BROKEN_PER_SHEET, BrokenImage, broken};
pub use curves::{Curve, Subset, accuracy_curve, curves, loss_curve};
pub use layers::{LayerBar, Predictor, layers};
pub use picture::Picture;
pub use picture_sheet::PictureSheet;
pub use prototypes::{ClassPrototypes, Prototype, prototype, prototype_sheet};
pub use response::{Response, responses};
pub use sheet::Sheet;
pub use views::{ViewRow, views};
