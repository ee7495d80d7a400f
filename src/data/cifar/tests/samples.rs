//! Writers of the published forms.

use super::TestResult;
use crate::data::cifar::layout::{Form, LAYOUTS, Layout, PLANE};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Files by their names.
pub type FilesByName = Vec<(&'static str, Vec<u8>)>;

/// The layout of the data set with `classes` classes in `form`.
pub fn layout(classes: usize, form: Form) -> TestResult<&'static Layout> {
    let mut layouts = LAYOUTS.iter();
    let layout = layouts.find(|layout| layout.set.classes() == classes && layout.form == form);
    layout.ok_or_else(|| "no such layout".into())
}

/// Pixel (row, column) of channel `channel` of the image with seed `seed`.
pub fn pixel(seed: usize, channel: usize, row: usize, column: usize) -> u8 {
    ((seed * 31 + channel * 97 + row * 7 + column * 3) % 256) as u8
}

fn planes(seed: usize) -> impl Iterator<Item = u8> {
    (0..3 * PLANE).map(move |i| pixel(seed, i / PLANE, i % PLANE / 32, i % 32))
}

/// A data set: files of three images each, whose seeds and labels count up through the files.
pub fn files(layout: &Layout) -> FilesByName {
    let mut files = Vec::new();
    for (number, name) in layout.train.iter().chain(layout.test).enumerate() {
        let seeds = [3 * number, 3 * number + 1, 3 * number + 2];
        let bytes = match layout.form {
            Form::Binary => seeds.iter().flat_map(|&seed| record(layout, seed)).collect(),
            Form::Python => python_images(layout, &seeds),
        };
        files.push((*name, bytes));
    }
    let names: Vec<String> = (0..layout.set.classes()).map(|i| format!("thing {i}")).collect();
    let bytes = match layout.form {
        // The published file of CIFAR-10 ends with an empty line.
        Form::Binary => (names.join("\n") + "\n\n").into_bytes(),
        Form::Python => python_names(layout, &names),
    };
    files.push((layout.names, bytes));
    files
}

/// The labels of the image with this seed, in the binary layout's order.
pub fn labels(layout: &Layout, seed: usize) -> Vec<u8> {
    let label = |count: u8| (usize::from(count) - 1 - seed % usize::from(count)) as u8;
    layout.set.labels.iter().map(|kind| label(kind.count)).collect()
}

pub fn record(layout: &Layout, seed: usize) -> Vec<u8> {
    labels(layout, seed).into_iter().chain(planes(seed)).collect()
}

/// A pickle as Python 2's cPickle wrote it with protocol 2, without the memo.
pub fn python_images(layout: &Layout, seeds: &[usize]) -> Vec<u8> {
    let mut out = b"\x80\x02}(".to_vec();
    for (index, kind) in layout.set.labels.iter().enumerate() {
        string(&mut out, kind.key);
        out.extend(b"](");
        for &seed in seeds {
            out.extend([b'K', labels(layout, seed)[index]]);
        }
        out.push(b'e');
    }
    string(&mut out, "data");
    out.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R");
    out.extend([b'(', b'K', 1, b'K', seeds.len() as u8, b'M', 0, 12, 0x86]);
    out.extend(
        b"cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89",
    );
    out.push(b'T');
    out.extend((3 * PLANE as u32 * seeds.len() as u32).to_le_bytes());
    out.extend(seeds.iter().flat_map(|&seed| planes(seed)));
    out.extend(b"tbu.");
    out
}

pub fn python_names(layout: &Layout, names: &[String]) -> Vec<u8> {
    let mut out = b"\x80\x02}".to_vec();
    string(&mut out, layout.set.names_key);
    out.extend(b"](");
    for name in names {
        string(&mut out, name);
    }
    out.extend(b"es.");
    out
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend([b'U', text.len() as u8]);
    out.extend(text.as_bytes());
}

/// Writes the files to `folder`, which is made.
pub fn write(folder: &Path, files: &FilesByName) -> TestResult {
    fs::create_dir_all(folder)?;
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

/// A tar archive with the files in `folder` (which may be empty).
pub fn tar(folder: &str, files: &FilesByName) -> TestResult<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut folder_header = tar::Header::new_ustar();
    folder_header.set_entry_type(tar::EntryType::Directory);
    folder_header.set_size(0);
    archive.append_data(&mut folder_header, Path::new("./").join(folder), &[][..])?;
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, Path::new(folder).join(name), &bytes[..])?;
    }
    Ok(archive.into_inner()?)
}

pub fn gzip(bytes: &[u8]) -> TestResult<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}
