//! Small made-up files in the published layouts.

mod forms;
mod places;
mod refusals;
mod samples;

use crate::data::{Dataset, Source};
use std::path::Path;

type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn open(path: &Path) -> crate::Result<Dataset> {
    Source::Path(path.into()).open()
}

/// The message with which opening fails, the folder's name replaced by a dot.
fn refusal(path: &Path, folder: &Path) -> TestResult<String> {
    let error = open(path).err().ok_or("opened")?.to_string();
    assert!(!error.contains('\n'), "{error}");
    Ok(error.replace(&folder.display().to_string(), "."))
}
