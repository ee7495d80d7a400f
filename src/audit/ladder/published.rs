//! Published numbers for the same kind of attack on the same defence.

use super::RungName;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A published number. It is of another model than any that is attacked here: a ResNet152 self-ensemble on CIFAR-100, L∞ 8/255.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The rung it belongs beside; none for a whole series of attacks.
    pub rung: Option<RungName>,
    /// Who published it, and what was done.
    pub source: Cow<'static, str>,
    /// Per cent never broken in AutoAttack's sense, if told.
    pub flagged: Option<f64>,
    /// Per cent right on fresh draws, if told.
    pub redrawn: Option<f64>,
    /// Number of images, if told.
    pub images: Option<u32>,
}

const fn published(
    rung: Option<RungName>,
    source: &'static str,
    (flagged, redrawn): (Option<f64>, Option<f64>),
    images: Option<u32>,
) -> Published {
    Published {
        rung,
        source: Cow::Borrowed(source),
        flagged,
        redrawn,
        images,
    }
}

/// All of them: the authors' notebook, the public comment of Hein's group on the paper's OpenReview page (2024), the authors'
/// reply there (2024), and Zhang et al., arXiv 2411.14834 v2.
pub const PUBLISHED: [Published; 4] = [
    published(
        Some(RungName::AutoattackRand),
        "the authors' notebook, AutoAttack rand",
        (Some(43.75), Some(62.50)),
        Some(32),
    ),
    published(
        Some(RungName::Surrogate),
        "the authors' reply, 640 steps of PGD on the mean surrogate",
        (None, Some(25.5)),
        None,
    ),
    published(
        Some(RungName::Eot100),
        "Hein's group, APGD-CE on the mean surrogate, 100 draws, all images",
        (None, Some(33.44)),
        Some(32),
    ),
    published(
        None,
        "Zhang et al. v2, adaptive attacks",
        (None, Some(14.0)),
        None,
    ),
];
