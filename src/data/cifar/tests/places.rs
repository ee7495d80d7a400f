//! Which of several forms is taken.

use super::samples::{files, gzip, layout, tar, write};
use super::{TestResult, open, refusal};
use crate::data::cifar::layout::Form;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Writes the published archive of a data set to `path`.
fn write_archive(path: &Path, classes: usize, form: Form) -> TestResult {
    let layout = layout(classes, form)?;
    Ok(fs::write(path, gzip(&tar(layout.folder, &files(layout))?)?)?)
}

#[test]
fn folders_are_preferred_to_archives_and_binary_to_python() -> TestResult {
    let folder = TempDir::new()?;
    let origin = || open(folder.path()).map(|data| data.origin);
    let in_path = |path: &str| format!("CIFAR-100 in {}", folder.path().join(path).display());
    // Each is preferred to those before it.
    fs::write(folder.path().join("notes.txt"), "mine")?;
    write_archive(&folder.path().join("cifar-100-python.tar.gz"), 100, Form::Python)?;
    assert_eq!(origin()?, in_path("cifar-100-python.tar.gz"));
    write_archive(&folder.path().join("x.download"), 100, Form::Binary)?;
    assert_eq!(origin()?, in_path("x.download"));
    for form in [Form::Python, Form::Binary] {
        let layout = layout(100, form)?;
        write(&folder.path().join(layout.folder), &files(layout))?;
        assert_eq!(origin()?, in_path(layout.folder));
    }
    Ok(())
}

#[test]
fn two_data_sets_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    let layout = layout(10, Form::Binary)?;
    write(&folder.path().join(layout.folder), &files(layout))?;
    write_archive(&folder.path().join("a.tgz"), 100, Form::Python)?;
    let expected = ".: expected a data set, found CIFAR-10 in ./cifar-10-batches-bin and CIFAR-100 in ./a.tgz; \
                    give the file or folder of one of them";
    assert_eq!(refusal(folder.path(), folder.path())?, expected);
    Ok(())
}

#[test]
fn two_data_sets_in_one_archive_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    let (ten, hundred) = (layout(10, Form::Python)?, layout(100, Form::Binary)?);
    // Without the two empty blocks at its end, an archive can be continued.
    let mut archive = tar(ten.folder, &files(ten))?;
    archive.truncate(archive.len() - 1024);
    archive.extend(tar(hundred.folder, &files(hundred))?);
    let path = folder.path().join("both.tar");
    fs::write(&path, archive)?;
    let expected = "./both.tar: expected one data set, found CIFAR-10 and CIFAR-100; \
                    unpack it and give the folder of one of them";
    assert_eq!(refusal(&path, folder.path())?, expected);
    Ok(())
}

#[test]
fn other_members_of_an_archive_are_passed_over() -> TestResult {
    let folder = TempDir::new()?;
    let layout = layout(100, Form::Python)?;
    let mut files = files(layout);
    files.insert(0, ("file.txt~", b"0".repeat(1000)));
    files.insert(1, ("deep/train", b"no pickle".to_vec()));
    let path = folder.path().join("archive");
    fs::write(&path, tar(layout.folder, &files)?)?;
    assert_eq!(open(&path)?.train.len(), 3);
    Ok(())
}
