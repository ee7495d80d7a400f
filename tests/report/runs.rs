//! Runs whose reports are looked at; each is made once for all tests.

use super::Checked;
use super::photos::Layout;
use super::settings::{run_with_threads, shrunken};
use serde_json::Value;
use std::sync::OnceLock;

/// A name that a page can only show if it breaks it, and that would be markup if it were not escaped.
pub const AWKWARD_NAME: &str =
    "<script>alert('a')</script>&\"a_class_name_without_any_space_that_no_column_of_a_phone_can_hold\"";

/// A page and the results it tells of.
pub struct Reported {
    pub page: String,
    pub summary: Value,
}

/// A run on 100 classes, some with awkward names, in which images are broken.
pub fn with_broken_images() -> Checked<&'static Reported> {
    static RUN: OnceLock<Result<Reported, String>> = OnceLock::new();
    let run = RUN.get_or_init(|| photos_attacked().map_err(|e| e.to_string()));
    Ok(run.as_ref().map_err(String::as_str)?)
}

fn photos_attacked() -> Checked<Reported> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("photos");
    Layout::Cifar100.write(&data, 240, 60)?;
    let names = (0..100).map(|class| match class % 16 {
        5 => format!("{AWKWARD_NAME}{class}\n"),
        _ => format!("class_{class}\n"),
    });
    std::fs::write(data.join("fine_label_names.txt"), names.collect::<String>())?;
    let mut config = shrunken(&data.display().to_string());
    config.figures.prototype_steps = 3;
    let out = folder.path().join("run");
    let summary = run_with_threads(&config, &out, 2)?.summary;
    let page = std::fs::read_to_string(out.join("report.html"))?;
    Ok(Reported { page, summary })
}

/// A run on drawn pictures whose attack may change nothing, so that none is broken.
pub fn with_nothing_broken() -> Checked<&'static Reported> {
    static RUN: OnceLock<Result<Reported, String>> = OnceLock::new();
    let run = RUN.get_or_init(|| drawn_unattacked().map_err(|e| e.to_string()));
    Ok(run.as_ref().map_err(String::as_str)?)
}

fn drawn_unattacked() -> Checked<Reported> {
    let out = tempfile::tempdir()?;
    let mut config = shrunken("drawn");
    config.attack.eps = 0.0;
    // A single look at an untrained network's favourite class cannot change its verdict.
    config.method.noise = 0.0;
    config.method.jitter = 0;
    config.attack.iterations = 1;
    let summary = run_with_threads(&config, out.path(), 2)?.summary;
    let page = std::fs::read_to_string(out.path().join("report.html"))?;
    Ok(Reported { page, summary })
}
