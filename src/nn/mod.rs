//! Layers: parameters with names, and how they are applied.
//!
//! A layer's `forward` takes a [`Pass`], which says whether batch normalisation uses the batch's or
//! the stored statistics and whether parameters are tracked — two questions that have nothing to do
//! with each other — and collects what training has to do afterwards. Layers never change in a
//! forward pass; [`Pass::commit`] applies the new running statistics.

mod folded;
mod init;
mod layers;
mod pass;
mod slots;
#[cfg(test)]
mod tests;

pub use folded::{FoldedConv, FoldedLinear};
pub use init::Init;
pub use layers::{BatchNorm, Conv, Linear};
pub use pass::{Mode, Pass};
pub(crate) use slots::join;
pub use slots::{Layout, Module, Parameter, Slot, SlotKind, move_module};
