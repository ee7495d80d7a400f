//! Residual networks with pre-activation (He et al., arXiv 1603.05027): batch normalisation and activation come before
//! each convolution, and the sum of branch and shortcut goes on as it is.
//!
//! Wide ResNets (Zagoruyko & Komodakis, arXiv 1605.07146) and pre-activation ResNets are what RobustBench's CIFAR
//! leaderboards are made of. Each is published under two sets of names, with small differences in the arithmetic: see
//! [`Family`].
//!
//! These networks are read from files and evaluated, gradients with respect to the input included; they are not trained
//! here.

mod config;
mod family;
mod folded;
mod infer;
mod network;
#[cfg(test)]
mod tests;

pub use config::PreActivationConfig;
pub use family::{Activation, Family, ShortcutInput};
pub use folded::FoldedPreActivationResNet;
pub(super) use infer::infer_preactivation;
pub use network::PreActivationResNet;
