//! The shape of a run's data.

use super::{Config, Place, Silent, Sources, data};
use crate::Result;
use crate::data::drawn::CLASSES;
use crate::fetch::Kind;

/// Side of the drawn images, pixels.
const DRAWN_SIZE: usize = 32;

/// What the size of a run depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataShape {
    /// Height and width of the images, pixels.
    pub image_size: usize,
    /// Classes.
    pub classes: usize,
}

impl DataShape {
    /// The shape of the data of `config`: known of data with a name, which need not be there, and else read.
    ///
    /// # Errors
    /// Those of [`Sources::find`] and of reading the data.
    pub fn of(config: &Config, sources: &Sources) -> Result<Self> {
        let source = config.data.source.as_str();
        let published = sources.published(Kind::Data, source);
        let known = match (source, published.and_then(|entry| entry.shape)) {
            ("drawn", _) => Some((DRAWN_SIZE, CLASSES.len())),
            (_, shape) => shape,
        };
        // Which of the classes are chosen, by names and ranges of numbers, is for the reader of data to say.
        if let Some((image_size, classes)) = known.filter(|_| config.data.classes.is_empty()) {
            return Ok(Self {
                image_size: image_size.max(config.data.frame.unwrap_or(0)),
                classes,
            });
        }
        let mut here = config.clone();
        if let Place::There(path) = sources.find(Kind::Data, source)? {
            here.data.source = super::sources::full_path(&path)?;
        }
        let data = data::open_data(&here, &Silent)?;
        Ok(Self {
            image_size: data.train.size()[0],
            classes: data.classes.len(),
        })
    }
}
