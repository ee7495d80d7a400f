//! MNIST's IDX files.

use super::{Checked, Table};
use crossmax::data::{Dataset, Source};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::Path;

/// Three bytes a pixel beside the file that is read.
const PLAIN: usize = 4;
/// The same for content of at most 64 times the file's size.
const PACKED: usize = 64 * PLAIN;
const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

fn open(path: &Path) -> crossmax::Result<Dataset> {
    Source::Path(path.into()).open()
}

fn idx(magic: [u8; 4], axes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let lengths: Vec<u8> = axes.iter().flat_map(|length| length.to_be_bytes()).collect();
    [&magic, &lengths[..], bytes].concat()
}

fn images(axes: [u32; 3], bytes: &[u8]) -> Vec<u8> {
    idx([0, 0, 8, 3], &axes, bytes)
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let whole = images([2, 4, 4], &[9; 32]);
    let labels = idx([0, 0, 8, 1], &[2], &[0, 1]);
    for name in [IMAGES, "t10k-images-idx3-ubyte"] {
        std::fs::write(folder.join(name), &whole)?;
    }
    for name in [LABELS, "t10k-labels-idx1-ubyte"] {
        std::fs::write(folder.join(name), &labels)?;
    }
    open(folder)?;

    let mut add = |file: &str, input: &str, bytes: &[u8]| -> Checked {
        let path = folder.join(file);
        let before = std::fs::read(&path)?;
        std::fs::write(&path, bytes)?;
        table.refuse(("MNIST", input), (folder, folder), PLAIN, open)?;
        Ok(std::fs::write(&path, before)?)
    };
    add(IMAGES, "empty file", &[])?;
    add(IMAGES, "cut inside the magic number", &whole[..3])?;
    add(IMAGES, "cut inside the axes", &whole[..13])?;
    add(IMAGES, "cut before the pixels", &whole[..16])?;
    add(IMAGES, "cut inside the pixels", &whole[..whole.len() - 1])?;
    add(IMAGES, "a byte too many", &[&whole[..], &[0]].concat())?;
    add(IMAGES, "labels where images belong", &labels)?;
    add(
        IMAGES,
        "numbers of four bytes",
        &idx([0, 0, 13, 3], &[2, 4, 4], &[9; 128]),
    )?;
    add(IMAGES, "no images", &images([0, 4, 4], &[]))?;
    add(IMAGES, "images without pixels", &images([2, 0, 0], &[]))?;
    add(IMAGES, "images that are not square", &images([2, 2, 8], &[9; 32]))?;
    add(
        IMAGES,
        "2³² images announced",
        &images([u32::MAX, 4, 4], &[9; 32]),
    )?;
    add(
        IMAGES,
        "axes whose product overflows",
        &images([u32::MAX; 3], &[9; 32]),
    )?;
    add(
        IMAGES,
        "images of another size than those for testing",
        &images([2, 2, 2], &[9; 8]),
    )?;
    add(
        LABELS,
        "more labels than images",
        &idx([0, 0, 8, 1], &[3], &[0, 1, 2]),
    )?;
    add(LABELS, "label 10", &idx([0, 0, 8, 1], &[2], &[0, 10]))?;
    add(LABELS, "labels cut", &labels[..9])?;

    std::fs::remove_file(folder.join(IMAGES))?;
    table.refuse(
        ("MNIST", "training images missing"),
        (folder, folder),
        PLAIN,
        open,
    )?;
    let packed = gzip(&whole)?;
    let path = folder.join(format!("{IMAGES}.gz"));
    std::fs::write(&path, &packed)?;
    open(folder)?;
    let mut add = |input: &str, bytes: &[u8]| -> Checked {
        std::fs::write(&path, bytes)?;
        table.refuse(("MNIST, gzip", input), (folder, folder), PACKED, open)
    };
    add("empty file", &[])?;
    add("cut inside the gzip header", &packed[..6])?;
    add("cut inside the stream", &packed[..14])?;
    add("cut inside the checksum", &packed[..packed.len() - 6])?;
    let mut wrong = packed.clone();
    let checksum = wrong.len() - 8;
    wrong[checksum] ^= 1;
    add("another checksum", &wrong)?;
    add("not packed", &whole)?;
    add(
        "more images than announced",
        &gzip(&[&whole[..], &[0; 16]].concat())?,
    )?;
    add("a gigabyte of zeros behind the images", &bomb(&whole)?)?;
    add(
        "a gigabyte of zeros as images",
        &bomb(&images([1 << 20, 32, 32], &[]))?,
    )?;
    add(
        "2³² images announced",
        &gzip(&images([u32::MAX, 4, 4], &[9; 32]))?,
    )
}

/// A gzip file of `start` and a gigabyte of zeros.
fn bomb(start: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut file = gzip(start)?;
    // Streams that follow each other are one: the same megabyte again and again.
    let megabyte = gzip(&vec![0; 1 << 20])?;
    (0..1024).for_each(|_| file.extend_from_slice(&megabyte));
    Ok(file)
}
