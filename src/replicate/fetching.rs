//! Data that are named instead of lying in a path.

use super::{Reporter, stop_requested};
use crate::Result;
use crate::fetch::{Kind, Manifest, Options, Watcher, fetch};
use std::path::PathBuf;

/// Path in the cache folder of the data set called `name` (`cifar100`, `cifar10`, `mnist`), which is fetched if it is
/// missing; None if no known data set is called so. `options` are asked for only if one is.
///
/// # Errors
/// Those of `options` and of [`fetch`].
pub fn data_path(
    name: &str,
    options: impl FnOnce() -> Result<Options>,
    reporter: &dyn Reporter,
) -> Result<Option<PathBuf>> {
    let manifest = Manifest::built_in()?;
    let Some(entry) = manifest.get(name).filter(|entry| entry.kind == Kind::Data) else {
        return Ok(None);
    };
    fetch(entry, &options()?, &Reported(reporter)).map(Some)
}

/// Tells a [`Reporter`] about downloads, and stops them when work was asked to stop.
pub struct Reported<'a>(pub &'a dyn Reporter);

impl Watcher for Reported<'_> {
    fn line(&self, text: &str) {
        self.0.line(text);
    }

    fn begin(&self, name: &str, total: u64) {
        self.0.begin(name, total, "bytes");
    }

    fn advance(&self, done: u64) {
        self.0.advance(done, "");
    }

    fn end(&self) {
        self.0.end();
    }

    fn should_stop(&self) -> bool {
        stop_requested()
    }
}
