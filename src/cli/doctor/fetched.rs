//! Fetched weights and data sets in the cache folder.

use super::finding::Finding;
use crossmax::Result;
use crossmax::fetch::{Entry, Manifest, Options};
use serde_json::json;

const WHAT: &str = "fetched files";

/// Which of the known weights and data sets are there. Their content is not read: `crossmax fetch --check` does that.
pub fn finding() -> Finding {
    look().unwrap_or_else(|error| Finding::failed(WHAT, error))
}

fn look() -> Result<Finding> {
    let manifest = Manifest::built_in()?;
    let Ok(options) = Options::of_user() else {
        // The line on the kernel cache says what to do about that.
        return Ok(Finding::found(WHAT, "none: there is no folder for caches"));
    };
    let is_there = |entry: &&Entry| {
        let mut files = entry.files.iter();
        files.all(|file| options.cache.join(&file.path).is_file())
    };
    let there = manifest.entries.iter().filter(is_there);
    let names: Vec<&str> = there.map(|entry| entry.name.as_str()).collect();
    let text = match names.is_empty() {
        true => "none (crossmax fetch --list)".to_owned(),
        false => names.join(", "),
    };
    Ok(Finding::found(WHAT, text).with(json!({ "there": names })))
}
