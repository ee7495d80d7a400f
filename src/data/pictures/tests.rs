//! Pictures written here, in every kind of PNG, and read back.

use super::{Labels, Pictures};
use crate::io::{Stored, TensorFile};
use crate::tensor::{Shape, Tensor};
use png::{BitDepth, ColorType, Encoder};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn std::error::Error>>;

type Kind = (ColorType, BitDepth);

/// A PNG of `size` (width, height) with `data` as its samples.
fn write_png(path: &Path, size: (u32, u32), kind: Kind, data: &[u8]) -> TestResult {
    let mut encoder = Encoder::new(fs::File::create(path)?, size.0, size.1);
    encoder.set_color(kind.0);
    encoder.set_depth(kind.1);
    if kind.0 == ColorType::Indexed {
        encoder.set_palette(vec![10, 20, 30, 40, 50, 60]);
    }
    encoder.write_header()?.write_image_data(data)?;
    Ok(())
}

fn write_rgb(path: &Path, size: (u32, u32), first: u8) -> TestResult {
    let data: Vec<u8> = (0..size.0 * size.1 * 3)
        .map(|i| first.wrapping_add(i as u8))
        .collect();
    write_png(path, size, (ColorType::Rgb, BitDepth::Eight), &data)
}

/// The one-line message with which opening fails, the folder's name replaced by a dot.
fn refusal(folder: &Path, name: &str) -> Result<String, Box<dyn std::error::Error>> {
    let error = Pictures::open(&folder.join(name))
        .err()
        .ok_or("opened")?
        .to_string();
    assert!(!error.contains('\n'), "{error}");
    Ok(error.replace(&folder.display().to_string(), "."))
}

/// A `.safetensors` file with `images` and the given labels.
fn write_tensors(path: &Path, images: Stored, labels: Option<Stored>) -> crate::Result<()> {
    let mut tensors = BTreeMap::from([("images".to_owned(), images)]);
    tensors.extend(labels.map(|labels| ("labels".to_owned(), labels)));
    TensorFile {
        tensors,
        ..TensorFile::default()
    }
    .save(path)
}

fn images(shape: [usize; 4], value: impl FnMut(usize) -> f32) -> Stored {
    Stored::F32(Tensor::from_fn(shape, value))
}

#[test]
fn every_kind_of_png_becomes_rgb() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("one.png");
    let byte = |value: u8| f32::from(value) / 255.0;
    let rgb = [[1, 2, 3], [250, 128, 255]].map(|pixel| pixel.map(byte)).concat();
    let grey = [[7; 3], [200; 3]].map(|pixel| pixel.map(byte)).concat();
    let palette = [[40, 50, 60], [10, 20, 30]].map(|pixel| pixel.map(byte)).concat();
    let wide = vec![
        258.0 / 65535.0,
        1.0,
        0.0,
        65534.0 / 65535.0,
        0.5 + 0.5 / 65535.0,
        1.0 / 65535.0,
    ];
    let wide_bytes: &[u8] = &[1, 2, 255, 255, 0, 0, 255, 254, 128, 0, 0, 1];
    let (eight, sixteen) = (BitDepth::Eight, BitDepth::Sixteen);
    let cases: [(Kind, &[u8], &[f32]); 7] = [
        ((ColorType::Rgb, eight), &[1, 2, 3, 250, 128, 255], &rgb),
        ((ColorType::Rgba, eight), &[1, 2, 3, 0, 250, 128, 255, 9], &rgb),
        ((ColorType::Grayscale, eight), &[7, 200], &grey),
        ((ColorType::GrayscaleAlpha, eight), &[7, 0, 200, 9], &grey),
        (
            (ColorType::Grayscale, BitDepth::One),
            &[0b0100_0000],
            &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
        ),
        ((ColorType::Indexed, BitDepth::Two), &[0b0100_0000], &palette),
        ((ColorType::Rgb, sixteen), wide_bytes, &wide),
    ];
    for (kind, data, expected) in cases {
        write_png(&path, (2, 1), kind, data)?;
        let read = Pictures::open(&path)?;
        assert_eq!((read.images.dims(), read.labels), (&[1, 1, 2, 3][..], None));
        assert_eq!(read.images.to_vec()?, expected, "{kind:?}");
        assert_eq!(read.names, [path.display().to_string()]);
    }
    Ok(())
}

#[test]
fn a_folder_is_read_by_name_and_class_folders_are_labels() -> TestResult {
    let folder = TempDir::new()?;
    for (class, names) in [("b", &["2.png", "1.png"][..]), ("a", &["x.PNG"]), ("empty", &[])] {
        fs::create_dir(folder.path().join(class))?;
        for (i, name) in names.iter().enumerate() {
            write_rgb(&folder.path().join(class).join(name), (3, 2), 10 * i as u8)?;
        }
    }
    fs::write(folder.path().join("notes.txt"), "not a picture")?;
    let read = Pictures::open(folder.path())?;
    assert_eq!(read.images.dims(), [3, 2, 3, 3]);
    let ends: Vec<_> = ["a/x.PNG", "b/1.png", "b/2.png"]
        .map(|n| folder.path().join(n).display().to_string())
        .into();
    assert_eq!(read.names, ends);
    assert_eq!(
        read.images.to_vec()?[18],
        10.0 / 255.0,
        "the first sample of b/1.png"
    );
    let classes = ["z", "b", "a"].map(String::from);
    assert_eq!(read.class_numbers(&classes)?, Some(vec![2, 1, 1]));
    assert_eq!(read.class_numbers(&classes[..2])?, None, "a is not a class");
    // With PNG files beside them, folders are something else.
    write_rgb(&folder.path().join("top.png"), (5, 5), 0)?;
    let read = Pictures::open(folder.path())?;
    assert_eq!((read.images.dims(), read.labels), (&[1, 5, 5, 3][..], None));
    Ok(())
}

#[test]
fn png_files_that_do_not_fit_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    let at = |name: &str| folder.path().join(name);
    let told = refusal(folder.path(), "absent.png")?;
    assert!(told.starts_with("./absent.png: cannot read the file: "), "{told}");
    assert_eq!(
        refusal(folder.path(), "")?.replace("./", "."),
        ".: expected PNG or JPEG files, or folders with such files, found none; convert the pictures to PNG"
    );
    fs::write(at("text.png"), "this is not a picture at all")?;
    let told = refusal(folder.path(), "text.png")?;
    assert!(
        told.starts_with("./text.png: expected a PNG or JPEG picture, found another format; "),
        "{told}"
    );
    let whole = at("whole.png");
    write_rgb(&whole, (16, 16), 0)?;
    let bytes = fs::read(&whole)?;
    for length in [4, 20, bytes.len() / 2, bytes.len() - 6] {
        fs::write(at("part.png"), &bytes[..length])?;
        let told = refusal(folder.path(), "part.png")?;
        assert!(
            told.starts_with("./part.png: expected a whole picture, found a truncated one"),
            "{length}: {told}"
        );
    }
    fs::create_dir(at("mixed"))?;
    write_rgb(&at("mixed/1.png"), (4, 4), 0)?;
    write_rgb(&at("mixed/2.png"), (5, 4), 0)?;
    assert_eq!(
        refusal(folder.path(), "mixed")?,
        "./mixed/2.png: expected 4×4 pixels as ./mixed/1.png, found 4×5; give pictures of one size"
    );
    Ok(())
}

#[test]
fn a_header_that_promises_gigabytes_is_refused_before_memory_is_taken() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("bomb.png");
    write_rgb(&path, (1, 1), 0)?;
    let mut bytes = fs::read(&path)?;
    // Width and height stand at 16 and 20, the header's checksum over 12..29 follows.
    bytes[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let crc = bytes[12..29].iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 }
        })
    });
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    fs::write(&path, bytes)?;
    assert_eq!(
        refusal(folder.path(), "bomb.png")?,
        "./bomb.png: expected 1 to 64 MiB of pixels in a file of this size, found 65536×65536 pixels; \
         give a smaller picture"
    );
    Ok(())
}

#[test]
fn tensors_are_turned_from_planes_and_keep_their_labels() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("some.safetensors");
    let labels = Stored::Int(Shape::new(&[2]), vec![3, 0]);
    write_tensors(&path, images([2, 3, 1, 2], |i| i as f32 / 16.0), Some(labels))?;
    let read = Pictures::open(&path)?;
    assert_eq!(read.images.dims(), [2, 1, 2, 3]);
    let expected = [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11].map(|i| i as f32 / 16.0);
    assert_eq!(read.images.to_vec()?, expected);
    assert_eq!(read.names, ["0", "1"]);
    assert_eq!(read.labels, Some(Labels::Numbers(vec![3, 0])));
    let classes: Vec<String> = (0..4).map(|i| i.to_string()).collect();
    assert_eq!(read.class_numbers(&classes)?, Some(vec![3, 0]));
    let told = read
        .class_numbers(&classes[..3])
        .err()
        .ok_or("accepted")?
        .to_string();
    let expected = "expected labels below 3, the model's number of classes, found 3; \
                    give labels that belong to this model, or none";
    assert_eq!(told, format!("{}: {expected}", path.display()));
    Ok(())
}

#[test]
fn tensors_that_are_no_pictures_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("t.safetensors");
    let told = || refusal(folder.path(), "t.safetensors");
    let shape = "./t.safetensors: expected a tensor `images` (N,3,H,W) of floating-point numbers, found ";
    for (dims, found) in [
        ([2, 1, 4, 4], "[2, 1, 4, 4]"),
        ([0, 3, 4, 4], "[0, 3, 4, 4]"),
        ([1, 3, 0, 4], "[1, 3, 0, 4]"),
    ] {
        write_tensors(&path, images(dims, |_| 0.0), None)?;
        let told = told()?;
        assert!(told.starts_with(&format!("{shape}shape {found}")), "{told}");
    }
    write_tensors(
        &path,
        Stored::Int(Shape::new(&[1, 3, 1, 1]), vec![0, 255, 7]),
        None,
    )?;
    assert!(told()?.starts_with(&format!("{shape}integers")));
    TensorFile {
        tensors: BTreeMap::from([("x".into(), images([1, 3, 1, 1], |_| 0.0))]),
        ..TensorFile::default()
    }
    .save(&path)?;
    assert!(told()?.starts_with(&format!("{shape}1 others (x)")));
    let values = [0.0, 1.0, f32::NAN, f32::INFINITY, -0.25, 1.5, 255.0, 0.5, 0.25];
    write_tensors(&path, images([1, 3, 1, 3], |i| values[i]), None)?;
    assert_eq!(
        told()?,
        "./t.safetensors: expected `images` in [0, 1], found 2 NaN or infinite and 3 outside, of 9 numbers; \
         divide bytes by 255, undo any normalisation"
    );
    let labels = "./t.safetensors: expected `labels` (2) of whole numbers from 0, found ";
    let cases = [
        (Stored::Int(Shape::new(&[3]), vec![0, 1, 2]), "shape [3]"),
        (Stored::Int(Shape::new(&[2]), vec![0, -1]), "label -1"),
        (Stored::F32(Tensor::zeros([2])), "floating-point numbers"),
    ];
    for (stored, found) in cases {
        write_tensors(&path, images([2, 3, 1, 1], |_| 0.5), Some(stored))?;
        let told = told()?;
        assert!(told.starts_with(&format!("{labels}{found};")), "{told}");
    }
    Ok(())
}
