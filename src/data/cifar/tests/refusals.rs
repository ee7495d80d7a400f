//! Files that are not as published. What is broken on purpose has its answers in `tests/README.md`.

use super::samples::{files, layout, python_images, record, write};
use super::{TestResult, refusal};
use crate::data::cifar::layout::{Form, Layout};
use std::fs;
use tempfile::TempDir;

/// A folder with CIFAR-100 in `form`.
fn cifar100(form: Form) -> TestResult<(TempDir, &'static Layout)> {
    let (folder, layout) = (TempDir::new()?, layout(100, form)?);
    write(folder.path(), &files(layout))?;
    Ok((folder, layout))
}

#[test]
fn a_folder_without_the_files_is_refused() -> TestResult {
    let folder = TempDir::new()?;
    let expected = |found: &str| {
        let advice = "crossmax replicate --help lists the layouts that are read";
        format!("expected a data set, found {found}; {advice}")
    };
    let of = |name: &str| refusal(&folder.path().join(name), folder.path());
    assert_eq!(
        of("")?,
        format!("./: {}", expected("a folder with none that is known"))
    );
    assert_eq!(of("absent")?, format!("./absent: {}", expected("nothing there")));
    fs::write(folder.path().join("file"), "x")?;
    assert_eq!(
        of("file")?,
        format!("./file: {}", expected("a file of no known kind"))
    );
    Ok(())
}

#[test]
fn a_missing_file_is_named() -> TestResult {
    for form in [Form::Binary, Form::Python] {
        let (folder, layout) = cifar100(form)?;
        fs::remove_file(folder.path().join(layout.test[0]))?;
        let expected = format!(
            "./{}: expected a file of images, found nothing there; get the whole data set again",
            layout.test[0]
        );
        assert_eq!(refusal(folder.path(), folder.path())?, expected);
    }
    Ok(())
}

#[test]
fn sizes_that_are_no_whole_records_are_refused() -> TestResult {
    let (folder, layout) = cifar100(Form::Binary)?;
    let expected = |found: &str| {
        format!(
            "./test.bin: expected whole records of 3074 bytes, found {found}; get the whole data set again"
        )
    };
    let file = folder.path().join("test.bin");
    let answer = |bytes: &[u8]| -> TestResult<String> {
        fs::write(&file, bytes)?;
        refusal(folder.path(), folder.path())
    };
    assert_eq!(answer(&[])?, expected("an empty file"));
    let record = record(layout, 0);
    assert_eq!(
        answer(&record[..3000])?,
        expected("3000 bytes = 0 records and 3000 bytes")
    );
    assert_eq!(
        answer(&[&record[..], &record[1..]].concat())?,
        expected("6147 bytes = 1 records and 3073 bytes")
    );
    // Nonsense that takes no room on the disk (a sparse file) must not fill the memory either.
    fs::File::options()
        .write(true)
        .open(&file)?
        .set_len(3074 * 1_000_001)?;
    let expected = "./test.bin: expected at most 3074000000 bytes, found 3074003074; get the file again";
    assert_eq!(refusal(folder.path(), folder.path())?, expected);
    Ok(())
}

#[test]
fn labels_out_of_range_name_their_image() -> TestResult {
    let told = |file: &str, what: &str, value: u8| {
        format!("./{file}: expected {what} for image 1, found {value}; get the whole data set again")
    };
    let wrong = [("fine label 0 to 99", 1, 100), ("coarse label 0 to 19", 0, 20)];
    for (what, index, value) in wrong {
        let (folder, layout) = cifar100(Form::Binary)?;
        let mut bytes = [record(layout, 0), record(layout, 1)].concat();
        bytes[3074 + index] = value;
        fs::write(folder.path().join("train.bin"), bytes)?;
        assert_eq!(
            refusal(folder.path(), folder.path())?,
            told("train.bin", what, value)
        );

        let (folder, layout) = cifar100(Form::Python)?;
        let mut bytes = python_images(layout, &[0, 1]);
        let key = layout.set.labels[index].key.as_bytes();
        let at = bytes
            .windows(key.len())
            .position(|part| part == key)
            .ok_or("no key")?;
        // Behind it `](K?K?`.
        bytes[at + key.len() + 5] = value;
        fs::write(folder.path().join("train"), bytes)?;
        assert_eq!(refusal(folder.path(), folder.path())?, told("train", what, value));
    }
    Ok(())
}
