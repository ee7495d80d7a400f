//! How networks want the colours of their pictures.

use super::{Architecture, Family, Naming};
use crate::Result;
use crate::io::TensorFile;

/// Mean and standard deviation of red, green and blue, which pictures in `[0,1]` are normalised with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colours {
    /// Means.
    pub mean: [f64; 3],
    /// Standard deviations.
    pub std: [f64; 3],
}

impl Colours {
    /// No normalisation.
    pub const UNCHANGED: Self = Self {
        mean: [0.0; 3],
        std: [1.0; 3],
    };
    /// Of ImageNet, as torchvision has them.
    pub const IMAGENET: Self = Self {
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };
    /// Of CIFAR-10, as DeepMind's networks have them inside.
    pub const CIFAR10: Self = Self {
        mean: [0.4914, 0.4822, 0.4465],
        std: [0.2471, 0.2435, 0.2616],
    };
    /// Of CIFAR-100, likewise.
    pub const CIFAR100: Self = Self {
        mean: [0.5071, 0.4865, 0.4409],
        std: [0.2673, 0.2564, 0.2762],
    };

    /// What a published network of this architecture, in a file with these names, wants: torchvision's ImageNet's;
    /// DeepMind's those of CIFAR-10 or CIFAR-100, by the number of classes; the others of RobustBench's families
    /// none.
    pub fn usual(architecture: &Architecture, naming: Naming) -> Self {
        match (architecture, architecture.layers().classes) {
            (Architecture::ResNet(_), _) if naming == Naming::PytorchCifar => Self::UNCHANGED,
            (Architecture::ResNet(_), _) => Self::IMAGENET,
            (Architecture::PreActivation(net), 10) if net.family.is_deep_mind() => Self::CIFAR10,
            (Architecture::PreActivation(net), 100) if net.family.is_deep_mind() => Self::CIFAR100,
            (Architecture::PreActivation(_), _) => Self::UNCHANGED,
        }
    }

    /// Those that are kept in `file` beside the weights, if any are.
    ///
    /// # Errors
    /// None for tensors on the host.
    pub fn kept_in(file: &TensorFile) -> Result<Option<Self>> {
        let numbers = |name: &str| -> Result<Option<[f64; 3]>> {
            let stored = file.tensors.get(name);
            let tensor = stored.map(|stored| stored.float::<f64>()).transpose()?.flatten();
            let values = tensor.map(|tensor| tensor.to_vec()).transpose()?;
            Ok(values.and_then(|values| values.try_into().ok()))
        };
        for [mean, std] in NAMES {
            if let (Some(mean), Some(std)) = (numbers(mean)?, numbers(std)?) {
                return Ok(Some(Self { mean, std }));
            }
        }
        Ok(None)
    }
}

/// Names under which networks keep mean and standard deviation.
const NAMES: [[&str; 2]; 3] = [
    ["mu", "sigma"],
    ["mean", "std"],
    ["normalize.mean", "normalize.std"],
];

/// Whether a tensor of this name is no weight: colours that are kept, and the block that TRADES' wide ResNets carry
/// along but do not evaluate.
pub(super) fn is_beside_the_network(name: &str, architecture: &Architecture) -> bool {
    let unused = match architecture {
        Architecture::PreActivation(net) => net.family == Family::Wide && name.starts_with("sub_block1."),
        Architecture::ResNet(_) => false,
    };
    unused || is_colours(name)
}

/// Whether colours are kept under this name.
pub(super) fn is_colours(name: &str) -> bool {
    NAMES.iter().flatten().any(|&known| known == name)
}
