//! What is kept of an image.

use super::SmallestRadius;
use crate::attacks::ImageRecord;
use serde::{Deserialize, Serialize};

/// Everything that a campaign found out about one image: a line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageResult {
    /// Its place among the campaign's images, from 0.
    pub position: usize,
    /// How AutoAttack fared.
    #[serde(flatten)]
    pub record: ImageRecord,
    /// Distance of the resulting image from the clean one, in the campaign's norm.
    pub distance: f64,
    /// The classes of the resulting image on fresh draws; one if the classifier is deterministic.
    pub redrawn: Vec<usize>,
    /// The same of the clean image, on the same draws.
    pub clean_redrawn: Vec<usize>,
    /// The same of an image with random noise: the noise that broke it, else the first that was drawn.
    pub noise_redrawn: Vec<usize>,
    /// Whether looking at the clean image as often as the attacks look broke it: by chance alone.
    pub broken_by_looking: bool,
    /// Whether random noise in the place of the search broke it.
    pub broken_by_noise: bool,
    /// The smallest radius at which it was broken, if that was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_radius: Option<SmallestRadius>,
}

impl ImageResult {
    /// Whether it was right at first and nothing but looking broke it.
    pub fn survives_looking(&self) -> bool {
        self.record.initially_right() && !self.broken_by_looking
    }

    /// Whether it was right at first and noise did not break it.
    pub fn survives_noise(&self) -> bool {
        self.record.initially_right() && !self.broken_by_noise
    }
}
