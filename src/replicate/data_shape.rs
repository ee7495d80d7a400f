//! The shape of a run's data.

use super::{Config, Place, Silent, Sources, data};
use crate::data::drawn::CLASSES;
use crate::fetch::Kind;
use crate::{Error, Result};

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
        match sources.find(Kind::Data, source)? {
            Place::There(path) => here.data.source = super::sources::full_path(&path)?,
            Place::Fetchable(_) | Place::Missing(Some(_)) => {
                let advice = format!("get it first: crossmax fetch {source}");
                let expected = "the data set, to find the chosen classes in it";
                return Err(Error::format(source, expected, "nothing there", advice));
            }
            Place::Damaged(path) => {
                let (expected, found) = ("the data set as it was published", "another content");
                let advice = "remove it; then it can be fetched again";
                return Err(Error::format(path, expected, found, advice));
            }
            // Reading it says more.
            Place::BuiltIn | Place::Missing(None) => {}
        }
        let data = data::open_data(&here, &Silent)?;
        Ok(Self {
            image_size: data.train.size()[0],
            classes: data.classes.len(),
        })
    }
}
