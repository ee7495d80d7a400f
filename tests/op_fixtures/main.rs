//! Every operation, layer rule, optimiser and network against values that PyTorch computed in f64
//! (`tests/reference`), in f64 and in f32. Every stored tensor must be read by a test.

mod families;
mod models;
mod operations;
mod optimisers;
mod running_statistics;
mod torchvision;

use crossmax::testing::fixtures::folder;
use std::collections::BTreeSet;

#[test]
fn every_file_has_a_test() {
    let stems = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let found: BTreeSet<String> = stems.collect();
    let tested = [operations::FILES, optimisers::FILES, models::FILES].concat();
    let tested: BTreeSet<String> = tested.into_iter().map(str::to_owned).collect();
    assert_eq!(found, tested);
}
