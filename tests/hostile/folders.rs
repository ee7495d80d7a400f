//! Class folders.

use super::samples::{announcing, jpeg, png};
use super::{Checked, Table};
use crossmax::data::{Dataset, Source};
use std::path::Path;

/// The files, and the pixels of each.
const MULTIPLE: usize = 6;
const READER: &str = "class folders";

fn open(path: &Path) -> crossmax::Result<Dataset> {
    Source::Path(path.into()).open()
}

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let (png, jpeg) = (png(8)?, jpeg(8)?);
    let set = folder.join("set");
    for class in ["a", "b"] {
        std::fs::create_dir_all(set.join(class))?;
        std::fs::write(set.join(class).join("1.png"), &png)?;
        std::fs::write(set.join(class).join("2.jpg"), &jpeg)?;
    }
    open(&set)?;
    let mut add = |input: &str| table.refuse((READER, input), (folder, &set), MULTIPLE, open);

    let other = set.join("b/3.png");
    for (input, bytes) in [
        ("an empty picture", Vec::new()),
        ("a text called .png", b"not a picture".to_vec()),
        ("a truncated PNG", png[..png.len() - 20].to_vec()),
        ("a truncated JPEG called .png", jpeg[..jpeg.len() - 20].to_vec()),
        (
            "a PNG announcing 64 gigapixels",
            announcing(&png, [1 << 18, 1 << 18]),
        ),
        ("a PNG without rows", announcing(&png, [8, 0])),
    ] {
        std::fs::write(&other, bytes)?;
        add(input)?;
    }
    std::fs::remove_file(other)?;
    #[cfg(target_os = "linux")]
    for (input, name) in [
        ("a class name that is not UTF-8", &b"\xff\xfe"[..]),
        ("a class name of two lines", b"a\nb"),
    ] {
        use std::os::unix::ffi::OsStrExt;
        let class = set.join(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir(&class)?;
        std::fs::write(class.join("1.png"), &png)?;
        add(input)?;
        std::fs::remove_dir_all(class)?;
    }

    let mut refuse = |input: &str, files: &[&str]| -> Checked {
        let path = folder.join("other");
        std::fs::create_dir(&path)?;
        for file in files.iter().map(|file| path.join(file)) {
            std::fs::create_dir_all(file.parent().ok_or("no folder")?)?;
            std::fs::write(file, &png)?;
        }
        table.refuse((READER, input), (folder, &path), MULTIPLE, open)?;
        Ok(std::fs::remove_dir_all(path)?)
    };
    refuse("an empty folder", &[])?;
    refuse("pictures without class folders", &["1.png", "2.png"])?;
    refuse("class folders two levels down", &["x/y/a/1.png", "x/y/b/1.png"])?;
    refuse("one class", &["a/1.png", "a/2.png"])?;
    refuse("one picture a class and no split", &["a/1.png", "b/1.png"])?;
    refuse(
        "a class only for testing",
        &["train/a/1.png", "train/b/1.png", "test/c/1.png"],
    )
}
