//! The same images in every form are the same data set.

use super::samples::{files, gzip, labels, layout, pixel, tar, write};
use super::{TestResult, open};
use crate::data::Dataset;
use crate::data::cifar::layout::Form;
use std::fs;
use tempfile::TempDir;

/// The data set in its published forms: folder, archive, packed archive, for each layout.
fn in_every_form(classes: usize, with_names: bool) -> TestResult<Vec<Dataset>> {
    let mut found = Vec::new();
    for form in [Form::Binary, Form::Python] {
        let folder = TempDir::new()?;
        let layout = layout(classes, form)?;
        let mut files = files(layout);
        if !with_names {
            files.pop();
        }
        let unpacked = folder.path().join("unpacked").join(layout.folder);
        write(&unpacked, &files)?;
        found.push(open(&unpacked)?);
        found.push(open(&folder.path().join("unpacked"))?);
        let archive = folder.path().join("archive");
        for in_folder in [layout.folder, ""] {
            let packed = tar(in_folder, &files)?;
            fs::write(&archive, &packed)?;
            found.push(open(&archive)?);
            fs::write(&archive, gzip(&packed)?)?;
            found.push(open(&archive)?);
            assert_eq!(
                found.last().map(|data| data.origin.clone()),
                Some(format!("{} in {}", layout.set.name, archive.display()))
            );
        }
    }
    for data in &mut found {
        data.origin.clear();
    }
    Ok(found)
}

#[test]
fn every_form_gives_the_same_data_set() -> TestResult {
    for (classes, name, train) in [(10, "CIFAR-10", 15), (100, "CIFAR-100", 3)] {
        let found = in_every_form(classes, true)?;
        assert_eq!(found.len(), 12);
        assert!(found.iter().all(|data| *data == found[0]));
        let data = &found[0];
        assert_eq!((data.name.as_str(), data.classes.len()), (name, classes));
        assert_eq!(data.classes[8], "thing 8");
        assert_eq!((data.train.len(), data.test.len()), (train, 3));
        let warnings = [
            format!("the training split has {train} images, the published one 50000"),
            "the test split has 3 images, the published one 10000".into(),
        ];
        assert_eq!(data.warnings, warnings);
    }
    Ok(())
}

#[test]
fn without_names_the_classes_are_numbers_in_every_form() -> TestResult {
    let found = in_every_form(10, false)?;
    assert!(found.iter().all(|data| *data == found[0]));
    assert_eq!(found[0].classes[9], "9");
    let told = "the file of class names is missing; the classes are called by their numbers";
    assert_eq!(found[0].warnings.last().map(String::as_str), Some(told));
    Ok(())
}

#[test]
fn batches_follow_each_other_and_planes_are_interleaved() -> TestResult {
    for classes in [10, 100] {
        let folder = TempDir::new()?;
        let layout = layout(classes, Form::Binary)?;
        write(folder.path(), &files(layout))?;
        let data = open(folder.path())?;
        for (split, first) in [(&data.train, 0), (&data.test, data.train.len())] {
            for index in 0..split.len() {
                let seed = first + index;
                // The fine label is the last one.
                assert_eq!(
                    Some(split.labels()[index]),
                    labels(layout, seed).last().map(|&label| label.into())
                );
                for (row, column) in [(0, 0), (0, 31), (17, 5), (31, 31)] {
                    let at = (row * 32 + column) * 3;
                    let expected = [0, 1, 2].map(|channel| pixel(seed, channel, row, column));
                    assert_eq!(split.image(index)[at..at + 3], expected);
                }
            }
        }
    }
    Ok(())
}
