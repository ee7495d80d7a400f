//! Residual networks of any size with any stem.

use super::blocks::BlockKind;
use super::layer::ConvNorm;
use super::network::Network;
use crate::nn::join;
use crate::nn::{Init, Module, Slot};
use crate::tensor::Element;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What comes before the residual blocks: convolution, batch normalisation, ReLU, maximum pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stem {
    /// Channels of the input: 3, or 3 a view.
    pub channels: usize,
    /// Channels of the output.
    pub width: usize,
    /// Window of the convolution, odd.
    pub kernel: usize,
    /// Its stride.
    pub stride: usize,
    /// Whether a 3×3 maximum pool of stride 2 follows.
    pub max_pool: bool,
}

impl Stem {
    /// torchvision's: 7×7 stride 2 to 64 channels, maximum pool.
    pub fn imagenet(channels: usize) -> Self {
        Self {
            channels,
            width: 64,
            kernel: 7,
            stride: 2,
            max_pool: true,
        }
    }

    /// For 32×32 pictures: 3×3 stride 1, no pool.
    pub fn cifar(channels: usize, width: usize) -> Self {
        Self {
            channels,
            width,
            kernel: 3,
            stride: 1,
            max_pool: false,
        }
    }
}

/// Weights of the largest network: 4 GiB as f32, eighteen times ResNet152.
const MOST_WEIGHTS: u128 = 1 << 30;

/// The architecture of a residual network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// The stem.
    pub stem: Stem,
    /// The kind of block.
    pub block: BlockKind,
    /// Width of each stage (before the expansion).
    pub widths: Vec<usize>,
    /// Blocks in each stage. Every stage but the first begins with stride 2.
    pub blocks: Vec<usize>,
    /// Classes of the last layer.
    pub classes: usize,
}

impl ResNetConfig {
    /// torchvision's ResNet of `depth` 18, 34, 50, 101 or 152 with `channels` input channels.
    ///
    /// # Errors
    /// [`Error::Argument`] for another depth.
    pub fn torchvision(depth: usize, channels: usize, classes: usize) -> Result<Self> {
        let (block, blocks) = match depth {
            18 => (BlockKind::Basic, [2, 2, 2, 2]),
            34 => (BlockKind::Basic, [3, 4, 6, 3]),
            50 => (BlockKind::Bottleneck, [3, 4, 6, 3]),
            101 => (BlockKind::Bottleneck, [3, 4, 23, 3]),
            152 => (BlockKind::Bottleneck, [3, 8, 36, 3]),
            _ => {
                return Err(Error::argument(
                    "ResNet",
                    "depth",
                    "18, 34, 50, 101 or 152",
                    depth,
                ));
            }
        };
        Ok(Self {
            stem: Stem::imagenet(channels),
            block,
            widths: vec![64, 128, 256, 512],
            blocks: blocks.to_vec(),
            classes,
        })
    }

    /// A CIFAR-size network of basic blocks, widths 16, 32, 64 (He et al. §4.2): 3 blocks a stage
    /// is ResNet-20.
    pub fn cifar(blocks_per_stage: usize, channels: usize, classes: usize) -> Self {
        Self {
            stem: Stem::cifar(channels, 16),
            block: BlockKind::Basic,
            widths: vec![16, 32, 64],
            blocks: vec![blocks_per_stage; 3],
            classes,
        }
    }

    /// The pocket network: as [`ResNetConfig::cifar`] with two blocks a stage and a stem of
    /// stride 2, about 14 MFLOP a pass.
    pub fn pocket(channels: usize, classes: usize) -> Self {
        let mut config = Self::cifar(2, channels, classes);
        config.stem.stride = 2;
        config
    }

    /// What one calls it: torchvision's name for its layers, or what they are. Channels and classes are not part of it.
    pub fn title(&self) -> String {
        let same = |depth: &usize| {
            Self::torchvision(*depth, self.stem.channels, self.classes).is_ok_and(|known| known == *self)
        };
        match [18, 34, 50, 101, 152].iter().find(|&depth| same(depth)) {
            Some(depth) => format!("ResNet{depth}"),
            None => {
                let kind = match self.block {
                    BlockKind::Basic => "basic",
                    BlockKind::Bottleneck => "bottleneck",
                };
                format!(
                    "ResNet of {:?} {kind} blocks of widths {:?}",
                    self.blocks, self.widths
                )
            }
        }
    }

    /// Number of residual blocks.
    pub fn block_count(&self) -> usize {
        self.blocks.iter().sum()
    }

    /// Number of the average pool among the layers; the linear layer is the next.
    pub fn pool_layer(&self) -> usize {
        self.block_count() + 2
    }

    /// Features after the average pool.
    pub fn features(&self) -> usize {
        self.widths.last().copied().unwrap_or(0) * self.block.expansion()
    }

    /// Weights of all convolutions but those of shortcuts, and of the last layer: nearly all the network holds.
    pub fn weight_count(&self) -> u128 {
        let stem = self.stem;
        let mut sum = [stem.channels, stem.width, stem.kernel, stem.kernel]
            .iter()
            .map(|&n| n as u128)
            .product::<u128>();
        let mut input = stem.width as u128;
        for (&width, &blocks) in self.widths.iter().zip(&self.blocks) {
            let (width, output) = (width as u128, (width * self.block.expansion()) as u128);
            for _ in 0..blocks {
                sum += match self.block {
                    BlockKind::Basic => 9 * width * (input + width),
                    BlockKind::Bottleneck => width * (input + 9 * width + output),
                };
                input = output;
            }
        }
        sum + input * self.classes as u128
    }

    /// Whether the numbers make a network, of at most 2³⁰ weights.
    ///
    /// # Errors
    /// [`Error::Argument`] if they do not.
    pub fn check(&self) -> Result<()> {
        let refuse =
            |arg, expected: String, found: String| Err(Error::argument("ResNet", arg, expected, found));
        let stem = self.stem;
        let lengths = [
            ("stem channels", stem.channels),
            ("stem width", stem.width),
            ("stem kernel", stem.kernel),
            ("stem stride", stem.stride),
            ("classes", self.classes),
        ];
        let stages = self.widths.iter().map(|&width| ("widths", width));
        let blocks = self.blocks.iter().map(|&count| ("blocks", count));
        for (name, length) in lengths.into_iter().chain(stages).chain(blocks) {
            if !(1..=1 << 16).contains(&length) {
                return refuse(name, "1 to 65536".into(), length.to_string());
            }
        }
        if self.widths.len() != self.blocks.len() || !(1..=8).contains(&self.widths.len()) {
            let found = format!("{} and {}", self.widths.len(), self.blocks.len());
            return refuse(
                "widths, blocks",
                "as many of each, for 1 to 8 stages".into(),
                found,
            );
        }
        if stem.kernel.is_multiple_of(2) {
            return refuse("stem kernel", "an odd number".into(), stem.kernel.to_string());
        }
        let weights = self.weight_count();
        if weights > MOST_WEIGHTS {
            let expected = format!("what makes at most {MOST_WEIGHTS} weights");
            return refuse("widths, blocks", expected, weights.to_string());
        }
        Ok(())
    }
}

/// A residual network.
#[derive(Clone)]
pub struct ResNet<T: Element = f32> {
    pub(super) network: Network<T, ConvNorm<T>>,
}

impl<T: Element> ResNet<T> {
    /// A network with initial values from `init` (convolutions kaiming-normal fan-out as
    /// torchvision's, the last layer PyTorch's default).
    ///
    /// # Errors
    /// [`Error::Argument`] if the configuration makes no network.
    pub fn new(config: ResNetConfig, init: &mut Init) -> Result<Self> {
        Ok(Self {
            network: Network::new(config, init)?,
        })
    }

    /// The architecture.
    pub fn config(&self) -> &ResNetConfig {
        &self.network.config
    }
}

impl<T: Element> Module<T> for ResNet<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        let network = &mut self.network;
        network.stem.conv.visit(&join(prefix, "conv1"), visit)?;
        network.stem.norm.visit(&join(prefix, "bn1"), visit)?;
        for (i, stage) in network.stages.iter_mut().enumerate() {
            for (j, block) in stage.iter_mut().enumerate() {
                block.visit(&join(prefix, &format!("layer{}.{j}", i + 1)), visit)?;
            }
        }
        network.fc.visit(&join(prefix, "fc"), visit)
    }
}
