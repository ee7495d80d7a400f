//! The flags about a network in a weights file; a run knows all of it.

use clap::Args;
use crossmax::models::{Activation, ShortcutInput, Untraced};
use serde::{Deserialize, Serialize};

/// What a weights file does not tell about its network, or not for certain.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkFlags {
    /// Mean of the colours for a weights file [default: as the file says; else 0.485,0.456,0.406 of ImageNet for
    /// torchvision's networks, CIFAR's for DeepMind's, and none, 0,0,0, for the other families of RobustBench]
    #[arg(long, value_name = "R,G,B", value_parser = colour, allow_hyphen_values = true)]
    pub mean: Option<[f64; 3]>,
    /// Standard deviation of the colours for a weights file [default: likewise; 0.229,0.224,0.225 or CIFAR's or 1,1,1]
    #[arg(long, value_name = "R,G,B", value_parser = colour)]
    pub std: Option<[f64; 3]>,
    /// Stem of a plain ResNet: imagenet has stride 2 and a pool, cifar neither [default: by the size of its window]
    #[arg(long, value_name = "cifar|imagenet")]
    pub stem: Option<StemKind>,
    /// Activation of a WideResNet or PreActResNet [default: silu under DeepMind's names, else relu]
    #[arg(long, value_name = "relu|silu", value_parser = str::parse::<Activation>)]
    pub activation: Option<Activation>,
    /// What the convolutions in shortcuts of a PreActResNet begin with [default: raw where no normalisation comes before
    /// the last layer, as in RobustBench; the original of pytorch-cifar has activated]
    #[arg(long, value_name = "raw|activated", value_parser = str::parse::<ShortcutInput>)]
    pub shortcut: Option<ShortcutInput>,
    /// How many classes the model must have; another number is refused
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub classes: Option<u32>,
}

impl NetworkFlags {
    /// Whether something was said that belongs to a weights file alone.
    pub fn are_about_a_file(&self) -> bool {
        let of_all = Self {
            classes: self.classes,
            ..Self::default()
        };
        *self != of_all
    }

    /// What the tensors of the file do not tell.
    pub fn untraced(&self) -> Untraced {
        Untraced {
            stem: self.stem.map(|kind| match kind {
                StemKind::Cifar => (1, false),
                StemKind::Imagenet => (2, true),
            }),
            activation: self.activation,
            shortcut: self.shortcut,
        }
    }
}

/// Stride and pool of a stem, which leave no trace in a weights file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StemKind {
    /// Stride 1, no pool.
    Cifar,
    /// Stride 2 and a 3×3 maximum pool.
    Imagenet,
}

/// Three numbers with commas between them.
fn colour(text: &str) -> std::result::Result<[f64; 3], String> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.trim().parse().map_err(|e| format!("{e}: {part:?}")))
        .collect::<std::result::Result<_, _>>()?;
    let found = numbers.len();
    numbers
        .try_into()
        .map_err(|_| format!("{found} numbers, expected 3: red, green, blue"))
}
