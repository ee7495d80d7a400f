//! Photos of CIFAR-100, where they are at hand.

use super::Checked;
use super::contents::check;
use super::settings::{run_with_threads, shrunken};
use crossmax::data::Source;

/// Names a folder with CIFAR-100 in the published binary layout.
const FOLDER: &str = "CROSSMAX_TEST_CIFAR100";

#[test]
fn a_run_on_photos_is_complete() -> Checked {
    let Some(folder) = std::env::var_os(FOLDER) else {
        println!("skipped: {FOLDER} names no folder with CIFAR-100");
        return Ok(());
    };
    let out = tempfile::tempdir()?;
    let mut config = shrunken(&folder.to_string_lossy());
    config.figures.prototypes_per_class = 1;
    config.figures.prototype_steps = 5;
    let summary = run_with_threads(&config, out.path(), 2)?.summary;
    let mut data = Source::Path(folder.into()).open()?;
    data.train = data.train.first(config.data.train_images);
    data.test = data.test.first(config.data.test_images);
    check(out.path(), &config, &data, &summary)?;
    assert_eq!(summary["dataset_warnings"].as_array().map(Vec::len), Some(0));
    Ok(())
}
