//! The method's settings: the notebook's quirks are the defaults, and each can be switched to what
//! the paper describes.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How the noise of the views is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseKind {
    /// Uniform in [0, amplitude): the notebook's. It brightens by half the amplitude, twice.
    Uniform,
    /// Gaussian with mean 0 and standard deviation `amplitude`: the paper's text.
    Gaussian,
}

/// How contrast and colour are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContrastRule {
    /// One number from linspace(0.5, 1, 100) serves as both: the notebook's, where a second
    /// assignment overwrites the contrasts.
    Coupled,
    /// Contrast from linspace(0.7, 1.5, 100), colour from linspace(0.5, 1, 100), independent: what
    /// the notebook's first assignment means.
    Independent,
}

/// Which draw the backbone's own prediction sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackbonePass {
    /// A second pass with a draw of its own: the notebook's.
    Independent,
    /// The pass that the heads use: half the cost, and what the paper's figures show.
    Shared,
}

/// What the backbone's batch normalisation does while heads are trained on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadBatchNorm {
    /// It uses batch statistics, and its running statistics drift with every head: the notebook's,
    /// whose "frozen" backbone is left in training mode.
    Drifting,
    /// It uses the stored statistics, which do not change.
    Frozen,
}

/// Which of a class's predictors CrossMax takes, after both subtractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AggregationRule {
    /// The k-th highest, k being [`Method::top_k`]: the notebook's, and the paper's for self-ensembles.
    #[default]
    TopK,
    /// The median, of an even number the lower of the middle two as in PyTorch: the paper's for ensembles of equal
    /// models.
    Median,
}

impl AggregationRule {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything about views and aggregation that is not learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Method {
    /// Resolutions of the views, in channel order.
    pub resolutions: Vec<usize>,
    /// Amplitude of the noise, added before and after upsampling.
    pub noise: f64,
    /// Its distribution.
    pub noise_kind: NoiseKind,
    /// Largest circular shift in pixels, each direction.
    pub jitter: u32,
    /// How contrast and colour are drawn.
    pub contrast: ContrastRule,
    /// Which predictor CrossMax takes for each class.
    #[serde(skip_serializing_if = "AggregationRule::is_default")]
    pub aggregation: AggregationRule,
    /// With [`AggregationRule::TopK`]: the k-th highest.
    pub top_k: usize,
    /// Which draw the backbone's own prediction sees.
    pub backbone_pass: BackbonePass,
    /// What batch normalisation does while heads are trained.
    pub head_batch_norm: HeadBatchNorm,
}

impl Default for Method {
    fn default() -> Self {
        Self {
            resolutions: vec![32, 16, 8, 4],
            noise: 0.2,
            noise_kind: NoiseKind::Uniform,
            jitter: 3,
            contrast: ContrastRule::Coupled,
            aggregation: AggregationRule::TopK,
            top_k: 3,
            backbone_pass: BackbonePass::Independent,
            head_batch_norm: HeadBatchNorm::Drifting,
        }
    }
}

impl Method {
    /// The k of the k-th highest that CrossMax takes of `members` predictors.
    pub fn rank(&self, members: usize) -> usize {
        match self.aggregation {
            AggregationRule::TopK => self.top_k,
            AggregationRule::Median => members / 2 + 1,
        }
    }

    /// Checks the ranges that [`crate::ops::ViewStack`] does not.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the first setting out of range.
    pub fn check(&self) -> Result<()> {
        let bad = |what: String| Err(Error::Usage(what));
        if !(0.0..=10.0).contains(&self.noise) {
            return bad(format!("noise is {}, expected 0 to 10", self.noise));
        }
        if self.jitter > 1 << 12 {
            return bad(format!("jitter is {} pixels, expected at most 4096", self.jitter));
        }
        if self.top_k == 0 {
            return bad("top_k is 0, expected at least 1".into());
        }
        if self.resolutions.is_empty() || self.resolutions.len() > 64 {
            return bad(format!(
                "{} resolutions, expected 1 to 64",
                self.resolutions.len()
            ));
        }
        match self.resolutions.iter().find(|&&r| !(1..=4096).contains(&r)) {
            Some(r) => bad(format!("resolution {r}, expected 1 to 4096 pixels")),
            None => Ok(()),
        }
    }
}
