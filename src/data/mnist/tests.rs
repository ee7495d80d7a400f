//! Small made-up files in every spelling.

use crate::data::{Dataset, Source};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn open_path(path: &Path) -> crate::Result<Dataset> {
    Source::Path(path.into()).open()
}

fn refusal(folder: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let told = open_path(folder).err().ok_or("opened")?.to_string();
    assert!(!told.contains('\n'), "{told}");
    Ok(told.replace(&folder.display().to_string(), "."))
}

/// An IDX file of bytes.
fn idx(axes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let lengths = axes.iter().flat_map(|length| length.to_be_bytes());
    [0, 0, 8, axes.len() as u8]
        .into_iter()
        .chain(lengths)
        .chain(bytes.iter().copied())
        .collect()
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Three training and two test images of 2×2 pixels; `name` makes a file's name of the published one,
/// which ends in `.gz` if it is to be packed.
fn write_set(folder: &Path, name: impl Fn(&str) -> String) -> TestResult {
    fs::create_dir_all(folder)?;
    let pixels: Vec<u8> = (0..12).map(|i| i * 20).collect();
    for (published, content) in [
        ("train-images-idx3-ubyte", idx(&[3, 2, 2], &pixels)),
        ("train-labels-idx1-ubyte", idx(&[3], &[9, 0, 4])),
        ("t10k-images-idx3-ubyte", idx(&[2, 2, 2], &pixels[..8])),
        ("t10k-labels-idx1-ubyte", idx(&[2], &[1, 2])),
    ] {
        let name = name(published);
        let content = if name.ends_with(".gz") {
            gzip(&content)?
        } else {
            content
        };
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}

#[test]
fn every_spelling_gives_the_same_images() -> TestResult {
    let folder = TempDir::new()?;
    let at = |name: &str| folder.path().join(name);
    write_set(&at("plain"), str::to_owned)?;
    write_set(&at("packed"), |name| format!("{name}.gz"))?;
    write_set(&at("dotted"), |name| name.replace("-idx", ".idx"))?;
    write_set(&at("root/MNIST/raw"), str::to_owned)?;
    let plain = open_path(&at("plain"))?;
    assert_eq!(plain.train.size(), [2, 2]);
    assert_eq!(
        (plain.train.labels(), plain.test.labels()),
        (&[9, 0, 4][..], &[1, 2][..])
    );
    let grey: Vec<u8> = [80, 100, 120, 140].iter().flat_map(|&grey| [grey; 3]).collect();
    assert_eq!(plain.train.image(1), grey);
    assert_eq!((plain.name.as_str(), plain.classes[7].as_str()), ("MNIST", "7"));
    for other in ["packed", "dotted", "root", "root/MNIST/raw"] {
        let other = open_path(&at(other))?;
        assert_eq!(
            (other.sha256(), &other.warnings),
            (plain.sha256(), &plain.warnings)
        );
    }
    Ok(())
}

#[test]
fn a_folder_called_fashion_is_fashion_mnist() -> TestResult {
    let folder = TempDir::new()?;
    write_set(&folder.path().join("FashionMNIST/raw"), str::to_owned)?;
    let set = open_path(folder.path())?;
    assert_eq!(set.name, "Fashion-MNIST");
    assert_eq!(set.classes[9], "Ankle boot");
    Ok(())
}

#[test]
fn the_plain_file_goes_before_the_packed_one() -> TestResult {
    let folder = TempDir::new()?;
    write_set(folder.path(), str::to_owned)?;
    fs::write(folder.path().join("train-images-idx3-ubyte.gz"), "broken")?;
    assert_eq!(open_path(folder.path())?.train.len(), 3);
    Ok(())
}

#[test]
fn files_that_do_not_fit_together_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    write_set(folder.path(), str::to_owned)?;
    fs::write(
        folder.path().join("t10k-labels-idx1-ubyte"),
        idx(&[3], &[1, 2, 3]),
    )?;
    assert_eq!(
        refusal(folder.path())?,
        "./t10k-labels-idx1-ubyte: expected 2 labels, one an image, found 3; get the published files again"
    );
    fs::write(folder.path().join("t10k-labels-idx1-ubyte"), idx(&[2], &[1, 10]))?;
    assert_eq!(
        refusal(folder.path())?,
        "./t10k-labels-idx1-ubyte: expected label 0 to 9 of image 1, found 10; get the published files again"
    );
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte"))?;
    assert_eq!(
        refusal(folder.path())?,
        "./t10k-labels-idx1-ubyte: expected the file, plain or with .gz, found none; get the published files again"
    );
    Ok(())
}
