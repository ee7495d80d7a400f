//! The gradient-masking panel: named signs, each with its number and threshold, and a verdict with
//! its reasons (after Athalye et al. 2018, arXiv 1802.00420, §3.1, and Carlini et al. 2019, arXiv
//! 1902.06705).

mod signs;

use super::Scores;
use super::comparators::Comparisons;
use super::curves::Curve;
use super::probes::Probes;
use crate::Result;
use serde::{Deserialize, Serialize};

pub use signs::{Bearing, Sign, SignName};

/// What the panel is made of.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// Probes of the defence.
    pub probes: &'a Probes,
    /// Comparators; the defence itself and the mean must be among them.
    pub comparisons: &'a Comparisons,
    /// More steps on the surrogate.
    pub steps: &'a Curve,
    /// More draws a gradient on the defence, if it is random.
    pub eot: Option<&'a Curve>,
    /// A growing ε on the surrogate.
    pub eps: &'a Curve,
    /// The defence after an attack that saw no gradients, within the ε of the comparators, on the
    /// same images; if there is one.
    pub black_box: Option<&'a Scores>,
}

/// From where a number speaks for masking.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Share of looks with a tie, above.
    pub ties: f64,
    /// Share of looks whose largest logit has no gradient, above.
    pub top_without_gradient: f64,
    /// Share of looks whose loss has no gradient, above.
    pub loss_without_gradient: f64,
    /// Cosine between two draws, below.
    pub between_draws: f64,
    /// Cosine between surrogate and defence, below.
    pub surrogate_to_defence: f64,
    /// Differences of accuracies count from so many of their standard errors.
    pub standard_errors: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            ties: 0.01,
            top_without_gradient: 0.05,
            loss_without_gradient: 0.01,
            between_draws: 0.2,
            surrogate_to_defence: 0.2,
            standard_errors: 2.0,
        }
    }
}

/// What the signs say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// An attack that should be weaker is stronger, or one that cannot fail fails.
    Masked,
    /// The construction hides gradients, but no attack was seen to suffer from it.
    Suspected,
    /// No sign.
    NotSeen,
}

/// The panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskingPanel {
    /// The signs, always all for which there is evidence.
    pub signs: Vec<Sign>,
    /// The thresholds they were held against.
    pub thresholds: Thresholds,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict and its reasons in one sentence.
    pub sentence: String,
}

/// Judges `evidence`.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) if the comparisons lack the defence or the mean, or a curve has no points or
/// is another one.
pub fn run(evidence: &Evidence<'_>, thresholds: Thresholds) -> Result<MaskingPanel> {
    let signs = signs::all(evidence, &thresholds)?;
    let speaking: Vec<&Sign> = signs.iter().filter(|sign| sign.speaks).collect();
    let verdict = if speaking.iter().any(|sign| sign.bearing == Bearing::Attacks) {
        Verdict::Masked
    } else if speaking.is_empty() {
        Verdict::NotSeen
    } else {
        Verdict::Suspected
    };
    let reasons: Vec<&str> = speaking.iter().map(|sign| sign.reading.as_str()).collect();
    let reasons = reasons.join("; ");
    let sentence = match verdict {
        Verdict::Masked => {
            format!("Gradients are masked, and attacks that follow them overstate the robustness: {reasons}.")
        }
        Verdict::Suspected => format!(
            "Gradients are hidden by construction, though no attack was seen to suffer from it: {reasons}."
        ),
        Verdict::NotSeen => format!(
            "No sign of gradient masking: none of {} signs passed its threshold.",
            signs.len()
        ),
    };
    Ok(MaskingPanel {
        signs,
        thresholds,
        verdict,
        sentence,
    })
}
