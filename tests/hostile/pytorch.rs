//! Weights as PyTorch writes them.

use super::{Checked, Table};
use crossmax::io::load_weights;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The file, and tensors of at most four times its size whose bytes become numbers of eight.
const PLAIN: usize = 34;
/// The same, and what is unpacked: at most 64 times the file's size.
const PACKED: usize = 64 + PLAIN;
const READER: &str = "PyTorch weights";

/// A text of a pickle.
fn text(text: &str) -> Vec<u8> {
    [&[b'X'][..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// A whole number of a pickle.
fn number(number: i64) -> Vec<u8> {
    [&[0x8a, 8][..], &number.to_le_bytes()].concat()
}

/// A tuple of a pickle.
fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(".to_vec(), items.concat(), b"t".to_vec()].concat()
}

fn numbers(values: &[i64]) -> Vec<u8> {
    tuple(&values.iter().map(|&value| number(value)).collect::<Vec<_>>())
}

/// A storage of `length` numbers.
fn storage(class: &str, key: &str, length: i64) -> Vec<u8> {
    let class = format!("ctorch\n{class}\n").into_bytes();
    let id = [text("storage"), class, text(key), text("cpu"), number(length)];
    [tuple(&id), b"Q".to_vec()].concat()
}

/// A storage of no numbers whose name is what `key` puts on the stack; `remember` follows it.
fn storage_named(key: Vec<u8>, remember: &[u8]) -> Vec<u8> {
    let class = b"ctorch\nFloatStorage\n".to_vec();
    let key = [key, remember.to_vec()].concat();
    let id = [text("storage"), class, key, text("cpu"), number(0)];
    [tuple(&id), b"Q".to_vec()].concat()
}

/// A tensor on `storage`.
fn tensor(storage: Vec<u8>, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec();
    let arguments = [storage, number(offset), numbers(shape), numbers(strides)];
    [rebuild, tuple(&arguments), b"R".to_vec()].concat()
}

/// A pickle of a dict.
fn state(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries = entries
        .iter()
        .flat_map(|(name, value)| [text(name), value.clone()]);
    let entries: Vec<u8> = entries.flatten().collect();
    [b"\x80\x02}(".to_vec(), entries, b"u.".to_vec()].concat()
}

/// An archive of a program and one storage of eight bytes, with these members besides.
fn archive(program: &[u8], besides: &[(&str, &[u8])]) -> Checked<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let members = [("a/data.pkl", program), ("a/data/0", &[0; 8])];
    for (name, content) in members.iter().chain(besides) {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        archive.start_file(*name, options)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// A file before PyTorch 1.6: the program, the names of storages, and what follows.
fn legacy(program: &[u8], keys: &[&str], data: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
    let machine = [b"\x80\x02}(".to_vec(), text("little_endian"), b"\x88u.".to_vec()].concat();
    let keys: Vec<u8> = keys.iter().flat_map(|key| text(key)).collect();
    let keys = [b"\x80\x02](".to_vec(), keys, b"e.".to_vec()].concat();
    [magic, &machine[..], program, &keys, data].concat()
}

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let two = || storage("FloatStorage", "0", 2);
    let sound = state(&[("w", tensor(two(), 0, &[2], &[1]))]);
    let path = folder.join("net.pth");
    // Numbers that pack well are no attack, though they take many times the file.
    let zeros = tensor(storage("FloatStorage", "1", 1 << 18), 0, &[1 << 18], &[1]);
    for bytes in [
        archive(&sound, &[])?,
        archive(&state(&[("w", zeros)]), &[("a/data/1", &[0; 1 << 20])])?,
        legacy(&sound, &["0"], &[&[2, 0, 0, 0, 0, 0, 0, 0][..], &[0; 8]].concat()),
    ] {
        std::fs::write(&path, bytes)?;
        load_weights(&path)?;
    }
    in_archives(folder, table, &sound)?;
    in_rows_of_pickles(folder, table, &sound)?;
    in_programs(folder, table, two)
}

/// What can be wrong with an archive.
fn in_archives(folder: &Path, table: &mut Table, sound: &[u8]) -> Checked {
    let path = folder.join("net.pth");
    let mut add = |input: &str, bytes: &[u8]| -> Checked {
        std::fs::write(&path, bytes)?;
        table.refuse((READER, input), (folder, &path), PACKED, load_weights)
    };
    let whole = archive(sound, &[])?;
    add("cut inside the archive", &whole[..whole.len() / 2])?;
    let mut flipped = whole.clone();
    let member = flipped
        .windows(6)
        .position(|bytes| bytes == b"data/0")
        .ok_or("no member")?;
    flipped[member + 6] ^= 1;
    add("a byte of a storage changed", &flipped)?;
    add(
        "two folders with a program",
        &archive(sound, &[("b/data.pkl", sound)])?,
    )?;
    add(
        "TorchScript",
        &archive(sound, &[("a/constants.pkl", b"\x80\x02).")])?,
    )?;
    add("big-endian", &archive(sound, &[("a/byteorder", b"big")])?)?;
    let zeros = vec![0; 128 << 20];
    add("a program of 128 MiB of zeros", &archive(&zeros, &[])?)?;
    let large = storage("ByteStorage", "1", 128 << 20);
    let program = state(&[("w", tensor(large, 0, &[1], &[1]))]);
    add(
        "a storage of 128 MiB of zeros",
        &archive(&program, &[("a/data/1", &zeros)])?,
    )?;
    add("another archive (a spreadsheet)", &{
        let mut other = ZipWriter::new(Cursor::new(Vec::new()));
        other.start_file("xl/workbook.xml", SimpleFileOptions::default())?;
        other.finish()?.into_inner()
    })
}

/// What can be wrong with the format before PyTorch 1.6.
fn in_rows_of_pickles(folder: &Path, table: &mut Table, sound: &[u8]) -> Checked {
    let path = folder.join("net.pth");
    let mut add = |input: &str, bytes: &[u8]| -> Checked {
        std::fs::write(&path, bytes)?;
        table.refuse((READER, input), (folder, &path), PLAIN, load_weights)
    };
    let count = |count: u64| [&count.to_le_bytes()[..], &[0; 8]].concat();
    add("a pickle without PyTorch's mark", sound)?;
    add("cut before the storages", &legacy(sound, &["0"], &[]))?;
    add("cut inside a storage", &legacy(sound, &["0"], &count(2)[..12]))?;
    add(
        "a storage of 2⁶³ numbers",
        &legacy(sound, &["0"], &count(1 << 63)),
    )?;
    add("a storage that nothing uses", &legacy(sound, &["1"], &count(2)))?;
    let twice = [count(2), count(2)].concat();
    add("one storage twice", &legacy(sound, &["0", "0"], &twice))?;
    add(
        "no list of storages",
        &legacy(sound, &[], &[])[..legacy(sound, &[], &[]).len() - 6],
    )?;
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    add("the tar format of PyTorch 0.1", &tar)
}

/// What can be wrong with a program.
fn in_programs(folder: &Path, table: &mut Table, two: impl Fn() -> Vec<u8>) -> Checked {
    let path = folder.join("net.pth");
    let mut add = |input: &str, program: &[u8]| -> Checked {
        std::fs::write(&path, archive(program, &[])?)?;
        table.refuse((READER, input), (folder, &path), PACKED, load_weights)
    };
    add(
        "a call of `os.system`",
        b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.",
    )?;
    add(
        "a network instead of weights",
        b"\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81}b.",
    )?;
    add("a list", b"\x80\x02].")?;
    add("an empty dict", &state(&[]))?;
    add(
        "a dict without tensors",
        &state(&[("epoch", number(3)), ("state_dict", b"}".to_vec())]),
    )?;
    let name = "a\nb\u{1b}[2J";
    add("a name with a control sequence twice", &{
        let one = || tensor(two(), 0, &[2], &[1]);
        state(&[(name, one()), (name, one())])
    })?;
    let mut one = |input: &str, tensor: Vec<u8>| add(input, &state(&[("w", tensor)]));
    one("more numbers than the storage", tensor(two(), 0, &[3], &[1]))?;
    one("an offset behind the storage", tensor(two(), 2, &[1], &[1]))?;
    one("a stride out of the storage", tensor(two(), 0, &[2], &[2]))?;
    one("a negative stride", tensor(two(), 1, &[2], &[-1]))?;
    one(
        "strides whose sum overflows",
        tensor(two(), 0, &[i64::MAX, 2], &[i64::MAX, 1]),
    )?;
    one(
        "a shape whose product overflows",
        tensor(two(), 0, &[1 << 40, 1 << 40], &[0, 0]),
    )?;
    one("10⁹ numbers on two", tensor(two(), 0, &[1_000_000_000], &[0]))?;
    one("seven axes", tensor(two(), 0, &[1; 7], &[1; 7]))?;
    one("fewer strides than axes", tensor(two(), 0, &[1, 2], &[1]))?;
    one(
        "a storage that is not there",
        tensor(storage("FloatStorage", "../../x", 2), 0, &[2], &[1]),
    )?;
    one(
        "a storage of another length",
        tensor(storage("FloatStorage", "0", 1 << 60), 0, &[2], &[1]),
    )?;
    one(
        "complex numbers",
        tensor(storage("ComplexFloatStorage", "0", 1), 0, &[1], &[1]),
    )?;
    one(
        "a tensor without arguments",
        b"ctorch._utils\n_rebuild_tensor_v2\n)R".to_vec(),
    )?;
    // One text, that many tensors name as their storage: copies of it would take gigabytes.
    let named = [
        storage_named(text(&"k".repeat(1 << 20)), &[b'q', 0]),
        storage_named(vec![b'h', 0], &[]),
    ];
    let first = tensor(named[0].clone(), 0, &[0], &[1]);
    let many: Vec<String> = (0..300).map(|i| i.to_string()).collect();
    let rest = many
        .iter()
        .map(|name| (name.as_str(), tensor(named[1].clone(), 0, &[0], &[1])));
    let entries: Vec<(&str, Vec<u8>)> = std::iter::once(("first", first)).chain(rest).collect();
    add("300 tensors on a storage with a name of 1 MiB", &state(&entries))?;
    let names: Vec<String> = (0..2000).map(|i| i.to_string()).collect();
    let shared = |name: &String| {
        let all = tensor(storage("FloatStorage", "1", 1 << 14), 0, &[1 << 14], &[1]);
        (name.clone(), all)
    };
    let many: Vec<(String, Vec<u8>)> = names.iter().map(shared).collect();
    let many: Vec<(&str, Vec<u8>)> = many
        .iter()
        .map(|(name, all)| (name.as_str(), all.clone()))
        .collect();
    std::fs::write(&path, archive(&state(&many), &[("a/data/1", &[0; 1 << 16])])?)?;
    let input = "2,000 tensors on 64 KiB of zeros";
    table.refuse((READER, input), (folder, &path), PACKED, load_weights)
}
