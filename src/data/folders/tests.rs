//! Class folders with pictures made here.

use crate::data::{Dataset, ReadOptions, Source};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::fs;
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

/// A PNG of `size` (height, width), all of whose bytes are `pixel(row, column)`.
fn write_png(path: &Path, size: [u32; 2], pixel: impl Fn(u32, u32) -> u8) -> TestResult {
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    let mut encoder = png::Encoder::new(fs::File::create(path)?, size[1], size[0]);
    encoder.set_color(png::ColorType::Rgb);
    let bytes: Vec<u8> = (0..size[0] * size[1])
        .flat_map(|i| [pixel(i / size[1], i % size[1]); 3])
        .collect();
    encoder.write_header()?.write_image_data(&bytes)?;
    Ok(())
}

/// A PNG of 4×4 pixels, all of `grey`.
fn write_plain(path: &Path, grey: u8) -> TestResult {
    write_png(path, [4, 4], |_, _| grey)
}

#[test]
fn train_and_test_folders_are_splits_with_classes_by_name() -> TestResult {
    let folder = TempDir::new()?;
    for (file, grey) in [
        ("train/cat/1.png", 1),
        ("train/bee/9.png", 2),
        ("train/bee/10.png", 3),
        ("val/cat/a.png", 4),
    ] {
        write_plain(&folder.path().join(file), grey)?;
    }
    fs::write(folder.path().join("train/cat/.hidden.png"), "no picture")?;
    fs::write(folder.path().join("train/cat/notes.txt"), "no picture")?;
    fs::create_dir(folder.path().join("train/none"))?;
    let set = open_path(folder.path())?;
    assert_eq!(set.classes, ["bee", "cat"]);
    assert_eq!(set.train.size(), [4, 4]);
    let greys: Vec<u8> = (0..3).map(|i| set.train.image(i)[0]).collect();
    // Sorted by name within a class, and taken in turn from each.
    assert_eq!((greys, set.train.labels()), (vec![3, 1, 2], &[0, 1, 0][..]));
    assert_eq!((set.test.image(0)[47], set.test.labels()), (4, &[1][..]));
    assert_eq!(
        set.warnings,
        [
            "1 of 2 classes have no pictures for testing (\"bee\")",
            "1 files or folders that are no PNG or JPEG pictures are left out",
            "1 folders without pictures are left out",
            "the training images are sorted by class: taken in turn from each",
        ]
    );
    Ok(())
}

#[test]
fn without_a_split_a_share_of_every_class_is_for_testing() -> TestResult {
    let folder = TempDir::new()?;
    for i in 0..6_u8 {
        write_plain(&folder.path().join(format!("a/{i}.png")), i)?;
        write_plain(&folder.path().join(format!("b/{i}.png")), 10 + i)?;
    }
    let options = ReadOptions {
        side: 32,
        test_share: 0.5,
    };
    let set = Source::Path(folder.path().into()).open_with(&options)?;
    let greys: Vec<u8> = (0..set.test.len()).map(|i| set.test.image(i)[0]).collect();
    assert_eq!(greys, [1, 11, 3, 13, 5, 15]);
    assert_eq!(set.train.len(), 6);
    let warning = "no test split: 6 of 12 pictures, evenly from every class, are kept for testing";
    assert_eq!(set.warnings.first().map(String::as_str), Some(warning));
    // Another reader of the same folder finds the same.
    let again = Source::Path(folder.path().into()).open_with(&options)?;
    assert_eq!(again.sha256(), set.sha256());
    Ok(())
}

#[test]
fn pictures_of_several_sizes_are_cropped_in_the_middle_and_resized() -> TestResult {
    let folder = TempDir::new()?;
    let at = |name: &str| folder.path().join(name);
    // Of a wide picture the middle stays: white, between black borders.
    let wide = |_, column| if (8..16).contains(&column) { 255 } else { 0 };
    write_png(&at("a/1.png"), [8, 24], wide)?;
    write_png(&at("a/2.png"), [4, 4], |row, _| (row * 60) as u8)?;
    // A chequered picture becomes grey: what is between the samples counts.
    write_png(&at("b/1.png"), [64, 64], |row, column| {
        ((row + column) % 2 * 255) as u8
    })?;
    write_png(&at("b/2.png"), [2, 2], |_, _| 7)?;
    let options = ReadOptions {
        side: 4,
        test_share: 0.5,
    };
    let set = Source::Path(folder.path().into()).open_with(&options)?;
    assert_eq!(set.train.size(), [4, 4]);
    let all: Vec<&[u8]> = [&set.train, &set.test]
        .iter()
        .flat_map(|split| [split.image(0), split.image(1)])
        .collect();
    let [one, chequered, same, large] = all[..] else {
        return Err("not four pictures".into());
    };
    assert!(one.iter().all(|&byte| byte == 255), "{one:?}");
    assert!(
        chequered.iter().all(|&byte| byte.abs_diff(128) <= 3),
        "{chequered:?}"
    );
    let rows: Vec<u8> = (0..4).flat_map(|row| [row * 60; 12]).collect();
    assert_eq!(same, rows, "a picture of the right size is not touched");
    assert_eq!(large, [7; 48]);
    assert_eq!(
        set.warnings[1],
        "3 of 4 pictures, of 3 sizes from 2×2 to 64×64 pixels, are cropped to the square in their middle \
         and resized to 4×4"
    );
    Ok(())
}

#[test]
fn png_and_jpeg_files_may_be_mixed() -> TestResult {
    let folder = TempDir::new()?;
    write_png(&folder.path().join("a/1.png"), [8, 8], |_, _| 50)?;
    fs::create_dir(folder.path().join("b"))?;
    for name in ["a/2.JPG", "b/1.jpeg", "b/2.jpg"] {
        let file = fs::File::create(folder.path().join(name))?;
        JpegEncoder::new(file).write_image(&[90; 64], 8, 8, ExtendedColorType::L8)?;
    }
    let set = open_path(folder.path())?;
    assert_eq!((set.train.len(), set.test.len()), (2, 2));
    assert_eq!(set.train.image(0)[0], 50);
    assert!(set.test.image(0).iter().all(|&byte| byte.abs_diff(90) <= 1));
    Ok(())
}

#[test]
fn folders_that_do_not_fit_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    let at = |name: &str| folder.path().join(name);
    write_plain(&at("one/a/1.png"), 0)?;
    write_plain(&at("one/a/2.png"), 0)?;
    assert_eq!(
        refusal(&at("one"))?,
        ".: expected two classes or more, found 1 class; give the folder that holds all classes"
    );
    write_plain(&at("few/a/1.png"), 0)?;
    write_plain(&at("few/b/1.png"), 0)?;
    assert_eq!(
        refusal(&at("few"))?,
        ".: expected pictures to test with, found one a class; add pictures to the classes"
    );
    write_plain(&at("new/train/a/1.png"), 0)?;
    write_plain(&at("new/train/b/1.png"), 0)?;
    write_plain(&at("new/test/c/1.png"), 0)?;
    assert_eq!(
        refusal(&at("new"))?,
        "./test: expected the classes of the training folder, found another, \"c\"; \
         give both folders the same classes"
    );
    Ok(())
}

#[test]
#[cfg(unix)]
fn links_that_lead_back_are_not_followed_for_ever() -> TestResult {
    let folder = TempDir::new()?;
    for file in ["a/1.png", "a/2.png", "b/1.png", "b/2.png"] {
        write_plain(&folder.path().join(file), 0)?;
    }
    std::os::unix::fs::symlink("..", folder.path().join("a/up"))?;
    std::os::unix::fs::symlink(".", folder.path().join("here"))?;
    std::os::unix::fs::symlink("itself", folder.path().join("itself"))?;
    let set = open_path(folder.path())?;
    assert_eq!(set.classes, ["a", "b"]);
    Ok(())
}
