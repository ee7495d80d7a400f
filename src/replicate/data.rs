//! Opening the data of a run.

use super::{Config, Reporter};
use crate::data::{Dataset, Source};
use crate::{Error, Result};

/// The data that `config` asks for, cut to the sizes it asks for, with what is said about them.
///
/// # Errors
/// Those of [`Source::open_with`]; [`Error::Argument`] if there are too few images, or they are not
/// square and of one size.
pub fn open_data(config: &Config, reporter: &dyn Reporter) -> Result<Dataset> {
    let wanted = &config.data;
    let source = match wanted.source.as_str() {
        "drawn" => Source::Drawn {
            seed: config.seed,
            train: wanted.train_images,
            test: wanted.test_images,
        },
        path => Source::Path(path.into()),
    };
    let mut data = source.open_with(&config.read_options())?;
    reporter.line(&format!("data: {}", data.origin));
    data = data.with_classes(&wanted.classes)?;
    if let Some(side) = wanted.frame {
        data.train = data.train.framed(side);
        data.test = data.test.framed(side);
    }
    data.train = data.train.first(wanted.train_images);
    data.test = data.test.first(wanted.test_images);
    for (split, wanted, found) in [
        ("training", wanted.train_images, data.train.len()),
        ("test", wanted.test_images, data.test.len()),
        ("attacked", config.attack.images, data.test.len()),
    ] {
        if found < wanted {
            data.warnings
                .push(format!("{wanted} {split} images asked for, {found} are there"));
        }
    }
    for warning in &data.warnings {
        reporter.line(&format!("warning: {warning}"));
    }
    if data.train.len() < 2 || data.test.is_empty() {
        let found = format!("{} and {}", data.train.len(), data.test.len());
        return Err(Error::argument(
            "replicate",
            "data",
            "2 training images and 1 test image at least",
            found,
        ));
    }
    let [height, width] = data.train.size();
    if height != width || data.test.size() != [height, width] {
        let found = format!("{height}×{width} and {:?}", data.test.size());
        return Err(Error::argument(
            "replicate",
            "data",
            "square images of one size",
            found,
        ));
    }
    reporter.line(&format!(
        "data: {} classes, {} training and {} test images of {height}×{width} pixels",
        data.classes.len(),
        data.train.len(),
        data.test.len()
    ));
    Ok(data)
}
