//! The architecture of a pre-activation network.

use super::{Activation, Family, ShortcutInput};
use crate::models::{BlockKind, ResNetConfig, Stem};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The architecture of a pre-activation network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreActivationConfig {
    /// Whose network it is: names of the tensors, and padding.
    pub family: Family,
    /// Stem, blocks and classes, as of a ResNet. The stem is a 3×3 convolution of stride 1 alone.
    pub layers: ResNetConfig,
    /// The function after each normalisation.
    pub activation: Activation,
    /// What the convolution of a shortcut is applied to.
    pub shortcut: ShortcutInput,
    /// Whether normalisation and activation come between the last block and the average pool.
    pub final_norm: bool,
}

impl PreActivationConfig {
    /// The wide ResNet of `depth` layers, of 6n + 4, with `width` times the channels 16, 32 and 64, on three colours;
    /// activation and shortcuts as `family` publishes them.
    ///
    /// # Errors
    /// [`Error::Argument`] if the depth is not 6n + 4 with n ≥ 1, or the family has no wide ResNets.
    pub fn wide(family: Family, depth: usize, width: usize, classes: usize) -> Result<Self> {
        if !family.is_wide() {
            let found = format!("{family:?}");
            return Err(Error::argument(
                "WideResNet",
                "family",
                "one of wide ResNets",
                found,
            ));
        }
        if depth < 10 || depth % 6 != 4 {
            return Err(Error::argument(
                "WideResNet",
                "depth",
                "6n + 4: 10, 16, 22, 28, …",
                depth,
            ));
        }
        let layers = ResNetConfig {
            stem: Stem::cifar(3, 16),
            block: BlockKind::Basic,
            widths: [16, 32, 64]
                .map(|channels: usize| channels.saturating_mul(width))
                .to_vec(),
            blocks: vec![(depth - 4) / 6; 3],
            classes,
        };
        Ok(Self::usual(family, layers, true))
    }

    /// The pre-activation ResNet of `depth` 18, 34 or 50 on three colours, with four stages of 64 to 512 channels;
    /// `final_norm` says whether a normalisation comes before the average pool (DeepMind's have one always).
    ///
    /// # Errors
    /// [`Error::Argument`] for another depth, or if the family has no such networks.
    pub fn preact(family: Family, depth: usize, classes: usize, final_norm: bool) -> Result<Self> {
        let deepest = if family.is_deep_mind() { 34 } else { 50 };
        if family.is_wide() || depth > deepest {
            let expected = format!("a family of pre-activation ResNets of depth {depth}");
            return Err(Error::argument(
                "PreActResNet",
                "family",
                expected,
                format!("{family:?}"),
            ));
        }
        let torchvision = ResNetConfig::torchvision(depth, 3, classes)?;
        let layers = ResNetConfig {
            stem: Stem::cifar(3, 64),
            ..torchvision
        };
        Ok(Self::usual(family, layers, final_norm || family.is_deep_mind()))
    }

    /// With the activation and the shortcuts of the family's published networks.
    pub(super) fn usual(family: Family, layers: ResNetConfig, final_norm: bool) -> Self {
        Self {
            family,
            layers,
            activation: family.usual_activation(),
            shortcut: family.usual_shortcut(final_norm),
            final_norm,
        }
    }

    /// What one calls it: family, depth and width, or what it is made of. Classes are not part of it.
    pub fn title(&self) -> String {
        let whose = if self.family.is_deep_mind() {
            "DeepMind's "
        } else {
            ""
        };
        format!("{whose}{}", self.size())
    }

    fn size(&self) -> String {
        let ResNetConfig {
            stem,
            block,
            widths,
            blocks,
            ..
        } = &self.layers;
        if let (true, &[first, _, _], &[n, _, _]) = (self.family.is_wide(), &widths[..], &blocks[..]) {
            let (depth, width) = (6 * n + 4, first / 16);
            let same = Self::wide(self.family, depth, width, self.layers.classes);
            if same.is_ok_and(|known| known.layers.widths == *widths && known.layers.blocks == *blocks) {
                return format!("WideResNet-{depth}-{width}");
            }
        }
        let is = |depth: &usize| {
            let known = Self::preact(self.family, *depth, self.layers.classes, self.final_norm);
            known.is_ok_and(|known| known.layers == self.layers)
        };
        if let Some(depth) = [18, 34, 50].iter().find(|&depth| is(depth)) {
            return format!("PreActResNet-{depth}");
        }
        let kind = match block {
            BlockKind::Basic => "basic",
            BlockKind::Bottleneck => "bottleneck",
        };
        let width = stem.width;
        format!("pre-activation ResNet of {blocks:?} {kind} blocks of widths {width}, {widths:?}")
    }

    /// Whether the numbers make a network.
    ///
    /// # Errors
    /// Those of [`ResNetConfig::check`]; [`Error::Argument`] if the stem is more than a 3×3 convolution of stride 1.
    pub fn check(&self) -> Result<()> {
        let stem = self.layers.stem;
        if stem != Stem::cifar(stem.channels, stem.width) {
            let expected = "a 3×3 convolution of stride 1, without a pool";
            return Err(Error::argument(
                "PreActResNet",
                "stem",
                expected,
                format!("{stem:?}"),
            ));
        }
        self.layers.check()
    }
}
