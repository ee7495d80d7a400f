//! The folder of compiled kernels.

use super::finding::{Finding, in_units};
use crossmax::device::KernelCache;
use serde_json::json;

const WHAT: &str = "kernel cache";

/// Where compiled kernels are kept, how many, and whether more can be.
pub fn finding() -> Finding {
    let cache = KernelCache::of_user();
    let Some(folder) = cache.folder() else {
        let advice = "set CROSSMAX_CACHE to a folder, so that kernels are not compiled at every start";
        return Finding::missing(WHAT, "no folder", advice);
    };
    let contents = match cache.contents() {
        Ok(contents) => contents,
        Err(error) => return Finding::missing(WHAT, error.to_string(), ADVICE),
    };
    if let Err(error) = cache.check_writable() {
        return Finding::missing(WHAT, error.to_string(), ADVICE);
    }
    let text = format!(
        "{}, {} files, {}, can be written",
        folder.display(),
        contents.files,
        in_units(contents.bytes)
    );
    Finding::found(WHAT, text).with(json!({
        "folder": folder.display().to_string(),
        "files": contents.files,
        "bytes": contents.bytes,
    }))
}

const ADVICE: &str = "set CROSSMAX_CACHE to a folder that can be written";
