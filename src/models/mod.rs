//! Networks, with torchvision's parameter names.

mod blocks;
mod classifier;
mod infer;
mod resnet;
mod taps;
#[cfg(test)]
mod tests;

pub use blocks::BlockKind;
pub use classifier::PlainClassifier;
pub use infer::infer_resnet;
pub use resnet::{ResNet, ResNetConfig, Stem};
pub use taps::{NOTEBOOK_LAYERS, Taps, default_head_layers};
