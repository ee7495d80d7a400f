//! Networks, with torchvision's parameter names.

mod blocks;
mod classifier;
mod cost;
mod examine;
mod folded;
mod infer;
mod known_weights;
mod layer;
mod names;
mod network;
mod resnet;
mod taps;
#[cfg(test)]
mod tests;

pub use blocks::BlockKind;
pub(crate) use classifier::resized;
pub use classifier::{Normalisation, PlainClassifier};
pub use cost::{ConvolutionCost, NetworkCost};
pub use examine::{ExaminedNetwork, ExaminedWeights, examine_weights, load_resnet_weights};
pub use folded::FoldedResNet;
pub use infer::infer_resnet;
pub use known_weights::{KnownWeights, known_weights};
pub use names::{Naming, with_torchvision_names};
pub use resnet::{ResNet, ResNetConfig, Stem};
pub use taps::{NOTEBOOK_LAYERS, Taps, default_head_layers};
