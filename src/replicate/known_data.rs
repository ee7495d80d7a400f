//! Data sets that have a name, and where they come from.

use super::{Config, Silent, data};
use crate::data::drawn::CLASSES;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A published data set.
struct Published {
    name: &'static str,
    image_size: usize,
    classes: usize,
    url: &'static str,
}

const PUBLISHED: [Published; 3] = [
    Published {
        name: "cifar100",
        image_size: 32,
        classes: 100,
        url: "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    },
    Published {
        name: "cifar10",
        image_size: 32,
        classes: 10,
        url: "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    },
    Published {
        name: "mnist",
        image_size: 28,
        classes: 10,
        url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
    },
];

/// Side of the drawn images, pixels.
const DRAWN_SIZE: usize = 32;

/// Where the data of a configuration are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataPlace {
    /// The program draws them.
    Drawn,
    /// In this file or folder.
    Path(PathBuf),
    /// Not on this machine.
    Missing {
        /// Where they are published, if they have a name that is known.
        url: Option<&'static str>,
    },
}

impl DataPlace {
    /// Looks for `source`: `drawn`, a path, or the name of a published data set.
    pub fn find(source: &str) -> Self {
        if source == "drawn" {
            return Self::Drawn;
        }
        if Path::new(source).exists() {
            return Self::Path(source.into());
        }
        Self::Missing {
            url: published(source).map(|known| known.url),
        }
    }

    /// Refuses a published data set that is not on this machine, saying where it comes from. What has no known name is
    /// left to the reader of data, which knows more about paths.
    ///
    /// # Errors
    /// [`Error::Format`].
    pub(super) fn check(source: &str) -> Result<()> {
        let Self::Missing { url: Some(url) } = Self::find(source) else {
            return Ok(());
        };
        let advice = format!("download {url} and give the file or folder with --data");
        Err(Error::format(source, "a data set", "nothing there", advice))
    }
}

fn published(source: &str) -> Option<&'static Published> {
    PUBLISHED.iter().find(|known| known.name == source)
}

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
    /// Those of reading the data.
    pub fn of(config: &Config) -> Result<Self> {
        let source = config.data.source.as_str();
        let chosen = config.data.classes.is_empty();
        let known = match (source, published(source)) {
            ("drawn", _) => Some((DRAWN_SIZE, CLASSES.len())),
            (_, Some(known)) if !Path::new(source).exists() => Some((known.image_size, known.classes)),
            _ => None,
        };
        if let Some((image_size, classes)) = known.filter(|_| chosen) {
            return Ok(Self {
                image_size: image_size.max(config.data.frame.unwrap_or(0)),
                classes,
            });
        }
        let data = data::open_data(config, &Silent)?;
        Ok(Self {
            image_size: data.train.size()[0],
            classes: data.classes.len(),
        })
    }
}
