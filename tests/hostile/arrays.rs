//! Data sets of arrays.

use super::{Checked, Table};
use crossmax::data::{Dataset, Source};
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The file, and three bytes for each of its numbers.
const PLAIN: usize = 5;
/// The same for content of at most 64 times the file's size.
const PACKED: usize = 64 * PLAIN;

fn open(path: &Path) -> crossmax::Result<Dataset> {
    Source::Path(path.into()).open()
}

/// An `.npy` array with this header.
fn npy_with(header: &str, bytes: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), bytes].concat()
}

fn npy(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    npy_with(&header, bytes)
}

/// A zip archive of these members, deflated.
fn npz(members: &[(&str, &[u8])]) -> Checked<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        archive.start_file(*name, options)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let images = npy("|u1", "(4, 2, 2)", &[7; 16]);
    let labels = npy("|u1", "(4,)", &[0, 0, 1, 1]);
    in_archives(folder, table, &images, &labels)?;
    in_headers(folder, table, &labels)?;
    in_tensors(folder, table)
}

/// What can be wrong with an archive.
fn in_archives(folder: &Path, table: &mut Table, images: &[u8], labels: &[u8]) -> Checked {
    let path = folder.join("a.npz");
    let whole = npz(&[("images.npy", images), ("labels.npy", labels)])?;
    std::fs::write(&path, &whole)?;
    open(&path)?;
    let mut add = |input: &str, bytes: &[u8]| -> Checked {
        std::fs::write(&path, bytes)?;
        table.refuse((".npz", input), (folder, &path), PACKED, open)
    };
    add("empty file", &[])?;
    add("another format", b"\x89PNG\r\n\x1a\n and so on")?;
    let at = |signature: &[u8]| whole.windows(4).position(|four| four == signature);
    let directory = at(b"PK\x01\x02").ok_or("no directory")?;
    let end = at(b"PK\x05\x06").ok_or("no end")?;
    add("cut inside the first member's header", &whole[..12])?;
    add("cut inside the first member", &whole[..60])?;
    add("cut before the directory", &whole[..directory])?;
    add("cut inside the directory", &whole[..directory + 20])?;
    add("cut inside the end", &whole[..end + 8])?;
    add("65,535 members announced", &{
        let mut changed = whole.clone();
        changed[end + 8..end + 12].fill(0xFF);
        changed
    })?;
    add("member behind the end of the file", &{
        let mut changed = whole.clone();
        changed[directory + 42..directory + 46].copy_from_slice(&0x7FFF_FFFF_u32.to_le_bytes());
        changed
    })?;
    add("a changed byte in a member", &{
        let mut changed = whole.clone();
        // The last byte of the first member's data, before the next header.
        let second = whole[4..]
            .windows(4)
            .position(|four| four == b"PK\x03\x04")
            .ok_or("no second")?;
        changed[second + 4 - 3] ^= 0x10;
        changed
    })?;
    add("no members", &npz(&[])?)?;
    add("no labels", &npz(&[("images.npy", images)])?)?;
    add(
        "members under a path that leads out",
        &npz(&[("../images.npy", images), ("/labels.npy", labels)])?,
    )?;
    // The archive writer refuses to name a member twice.
    let twice = npz(&[
        ("images.npy", images),
        ("imageS.npy", images),
        ("labels.npy", labels),
    ])?;
    add("a member twice", &replaced(&twice, b"imageS", b"images"))?;
    add(
        "names that are not UTF-8",
        &replaced(&whole, b"images", b"\xff\xfe\xfdges"),
    )?;
    let zeros = vec![0; 128 << 20];
    let bomb = npy("|u1", "(524288, 16, 16)", &zeros);
    add(
        "128 MiB of zeros",
        &npz(&[("images.npy", &bomb), ("labels.npy", labels)])?,
    )?;
    let hidden = npy("|u1", "(4, 2, 2)", &zeros);
    add(
        "128 MiB of zeros behind a small array",
        &npz(&[("images.npy", &hidden), ("labels.npy", labels)])?,
    )
}

/// What can be wrong with an array.
fn in_headers(folder: &Path, table: &mut Table, labels: &[u8]) -> Checked {
    let path = folder.join("a.npz");
    let mut add = |input: &str, images: &[u8], labels: &[u8]| -> Checked {
        std::fs::write(&path, npz(&[("images.npy", images), ("labels.npy", labels)])?)?;
        table.refuse((".npy", input), (folder, &path), PACKED, open)
    };
    let images = npy("|u1", "(4, 2, 2)", &[7; 16]);
    add("empty array file", &[], labels)?;
    add("cut inside the magic number", &images[..4], labels)?;
    add("cut inside the header", &images[..30], labels)?;
    add("cut inside the numbers", &images[..images.len() - 1], labels)?;
    add("a number too many", &[&images[..], &[0]].concat(), labels)?;
    add(
        "version 9.0",
        &[b"\x93NUMPY\x09\x00", &images[8..]].concat(),
        labels,
    )?;
    let long = [b"\x93NUMPY\x02\x00\xff\xff\xff\xff", &images[10..]].concat();
    add("header of 4 GiB announced", &long, labels)?;
    add(
        "header nested 9,000 deep",
        &npy_with(&"(".repeat(9_000), &[]),
        labels,
    )?;
    for (input, descr, shape) in [
        ("objects, which are pickled", "|O", "(4, 2, 2)"),
        ("text", "<U8", "(4, 2, 2)"),
        (
            "shape whose product overflows",
            "|u1",
            "(4294967296, 4294967296, 4)",
        ),
        ("axis above any number", "|u1", "(99999999999999999999, 2, 2)"),
        ("negative axis", "|u1", "(-4, 2, 2)"),
        ("a terabyte announced", "|u1", "(1099511627776, 1, 1)"),
    ] {
        add(input, &npy(descr, shape, &[7; 16]), labels)?;
    }
    add("no images", &npy("|u1", "(0, 2, 2)", &[]), labels)?;
    add("images without pixels", &npy("|u1", "(4, 0, 0)", &[]), labels)?;
    add("no axes", &npy("|u1", "()", &[7]), labels)?;
    add(
        "images that are not square",
        &npy("|u1", "(4, 1, 4)", &[7; 16]),
        labels,
    )?;
    add(
        "images of wide integers",
        &npy("<i4", "(4, 1, 1)", &[0; 16]),
        labels,
    )?;
    let fortran = "{'descr': '|u1', 'fortran_order': True, 'shape': (4, 2, 2), }";
    add("the order of Fortran", &npy_with(fortran, &[7; 16]), labels)?;
    let numbers: Vec<u8> = [f32::NAN, f32::INFINITY, -1.0, 255.0]
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    add(
        "NaN, infinite and bytes as numbers",
        &npy("<f4", "(4, 1, 1)", &numbers),
        labels,
    )?;
    add("fewer labels than images", &images, &npy("|u1", "(3,)", &[0; 3]))?;
    add("labels with a fraction", &images, &npy("<f4", "(4,)", &[0; 16]))?;
    add("a negative label", &images, &npy("|i1", "(4,)", &[0, 0, 1, 255]))?;
    add(
        "label 65,536",
        &images,
        &npy("<i4", "(4,)", &[[0; 14].as_slice(), &[1, 0]].concat()),
    )?;
    add("one class", &images, &npy("|u1", "(4,)", &[0; 4]))
}

/// What can be wrong with tensors, beside what weights files show.
fn in_tensors(folder: &Path, table: &mut Table) -> Checked {
    let path = folder.join("a.safetensors");
    let mut add = |input: &str, header: &str, bytes: &[u8]| -> Checked {
        let length = (header.len() as u64).to_le_bytes();
        std::fs::write(&path, [&length[..], header.as_bytes(), bytes].concat())?;
        table.refuse((".safetensors data", input), (folder, &path), PLAIN, open)
    };
    let tensor = |kind: &str, shape: &str, from: usize, to: usize| {
        format!("{{\"dtype\":\"{kind}\",\"shape\":{shape},\"data_offsets\":[{from},{to}]}}")
    };
    let images = tensor("U8", "[4,2,2]", 0, 16);
    let labels = tensor("U8", "[4]", 16, 20);
    let data = [[0; 17].as_slice(), &[0, 1, 1]].concat();
    let both = format!("\"images\":{images},\"labels\":{labels}");
    let whole = format!("{{{both}}}");
    add("cut inside the data", &whole, &data[..9])?;
    add(
        "a tensor twice",
        &format!("{{\"images\":{images},{both}}}"),
        &data,
    )?;
    add("no tensors", "{}", &[])?;
    add("no labels", &format!("{{\"images\":{images}}}"), &data[..16])?;
    let many: String = (0..400_000).map(|i| format!("\"{i}\":0,")).collect();
    add(
        "400,000 entries in the header",
        &format!("{{{many}{both}}}"),
        &data,
    )?;
    let brain = tensor("BF16", "[4,2,1]", 0, 16);
    add(
        "numbers of eight bits of precision",
        &format!("{{\"images\":{brain},\"labels\":{labels}}}"),
        &data,
    )?;
    for (input, classes) in [
        ("one class name for two classes", "cat"),
        ("class names that are no text", "[1,2]"),
        ("class name with a control sequence", "a\\u001b[2J\\nb"),
        ("class name twice", "a\\na"),
    ] {
        let header = format!("{{\"__metadata__\":{{\"classes\":\"{classes}\"}},{both}}}");
        add(input, &header, &data)?;
    }
    Ok(())
}

/// `bytes` with every `old` replaced by `new`, which is as long.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for start in 0..bytes.len().saturating_sub(old.len()) {
        let part = &mut bytes[start..start + old.len()];
        if part == old {
            part.copy_from_slice(new);
        }
    }
    bytes
}
