//! Networks, with the parameter names of those who published them.

mod architecture;
mod blocks;
mod classifier;
mod colours;
mod cost;
mod evaluation;
mod examine;
mod folded;
mod infer;
mod known_weights;
mod layer;
mod names;
mod network;
mod preactivation;
mod resnet;
mod taps;
#[cfg(test)]
mod tests;

pub use architecture::{Architecture, Untraced};
pub use blocks::BlockKind;
#[cfg(feature = "replicate")]
pub(crate) use classifier::resized;
pub use classifier::{Normalisation, PlainClassifier};
pub use colours::Colours;
pub use cost::{ConvolutionCost, NetworkCost};
pub use evaluation::{EvaluationForm, Network};
pub use examine::{
    ExaminedNetwork, ExaminedWeights, LoadedNetwork, examine_weights, load_network, load_resnet_weights,
};
pub use folded::FoldedResNet;
pub use infer::infer_resnet;
pub use known_weights::{KnownWeights, known_weights};
pub use names::{Naming, with_torchvision_names};
pub use preactivation::{
    Activation, Family, FoldedPreActivationResNet, PreActivationConfig, PreActivationResNet, ShortcutInput,
};
pub use resnet::{ResNet, ResNetConfig, Stem};
pub use taps::{NOTEBOOK_LAYERS, Taps, default_head_layers};
