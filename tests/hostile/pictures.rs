//! Pictures for `predict`.

use super::samples::{announcing, jpeg, png};
use super::{Checked, Table};
use crossmax::data::Pictures;
use std::path::Path;

/// The file, and its pixels as bytes and as numbers.
const MULTIPLE: usize = 6;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let path = folder.join("a.png");
    let mut add = |reader: &str, input: &str, bytes: &[u8]| -> Checked {
        std::fs::write(&path, bytes)?;
        table.refuse((reader, input), (folder, &path), MULTIPLE, Pictures::open)
    };
    add("pictures", "empty file", &[])?;
    add("pictures", "another format (GIF)", b"GIF89a and so on")?;

    let whole = png(16)?;
    let name = "pictures, PNG";
    add(name, "cut inside the signature", &whole[..5])?;
    add(name, "cut inside the header", &whole[..25])?;
    add(name, "cut before the pixels", &whole[..33])?;
    add(name, "cut inside the pixels", &whole[..whole.len() / 2])?;
    add(name, "cut before the end", &whole[..whole.len() - 12])?;
    add(name, "cut inside the end", &whole[..whole.len() - 2])?;
    let mut changed = whole.clone();
    changed[50] ^= 0x55;
    add(name, "a changed byte in the pixels", &changed)?;
    changed.clone_from(&whole);
    changed[31] ^= 1;
    add(name, "header with another checksum", &changed)?;
    add(name, "no rows", &announcing(&whole, [16, 0]))?;
    add(
        name,
        "64 gigapixels announced",
        &announcing(&whole, [1 << 18, 1 << 18]),
    )?;
    add(
        name,
        "size whose product overflows",
        &announcing(&whole, [i32::MAX as u32, i32::MAX as u32]),
    )?;
    add(
        name,
        "more rows announced than there are",
        &announcing(&whole, [16, 17]),
    )?;
    add(
        name,
        "one row of 2²⁰ pixels announced",
        &announcing(&whole, [1 << 20, 1]),
    )?;

    let whole = jpeg(16)?;
    let name = "pictures, JPEG";
    let at = |marker: u8| whole.windows(2).position(|pair| pair == [0xFF, marker]);
    let (frame, scan) = (at(0xC0).ok_or("no frame")?, at(0xDA).ok_or("no scan")?);
    add(name, "cut behind the first marker", &whole[..3])?;
    add(name, "cut inside the tables", &whole[..60])?;
    add(name, "cut inside the frame header", &whole[..frame + 5])?;
    add(name, "cut before the scan", &whole[..scan])?;
    add(name, "cut inside the scan header", &whole[..scan + 5])?;
    add(name, "cut inside the pixels", &whole[..whole.len() - 9])?;
    add(name, "cut before the end", &whole[..whole.len() - 2])?;
    let mut sized = |input: &str, size: [u8; 4]| -> Checked {
        let mut changed = whole.clone();
        changed[frame + 5..frame + 9].copy_from_slice(&size);
        add(name, input, &changed)
    };
    sized("no rows", [0, 0, 0, 16])?;
    sized("four gigapixels announced", [0xFF; 4])?;
    let without_frame = [&whole[..frame], &whole[scan..]].concat();
    add(name, "no frame", &without_frame)?;
    add(name, "nothing but the end", &[0xFF, 0xD8, 0xFF, 0xD9])
}
