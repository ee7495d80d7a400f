//! The python layout, and pickles at all.

use super::samples::{change, python_images, python_names};
use super::{Checked, Inputs, MULTIPLE, Table};
use std::path::Path;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let set = folder.join("cifar-100-python");
    std::fs::create_dir(&set)?;
    for file in ["train", "test"] {
        std::fs::write(set.join(file), python_images())?;
    }
    let [train, meta] = ["train", "meta"].map(|file| set.join(file));
    let of_file = |reader, file| Inputs {
        reader,
        folder,
        path: &set,
        file,
        multiple: MULTIPLE,
    };
    pickles(&of_file("pickle", &train), table)?;
    images(&of_file("CIFAR python", &train), table)?;
    std::fs::write(&train, python_images())?;
    names(&of_file("CIFAR python", &meta), table)?;
    std::fs::remove_dir_all(&set)?;
    Ok(())
}

/// What no pickle may be.
fn pickles(inputs: &Inputs, table: &mut Table) -> Checked {
    let good = python_images();
    inputs.refuse(table, "empty file", b"")?;
    // At every byte but those inside the pixels, which are one value.
    let pixels = good.len() - 4 - 3072;
    let cuts = (0..pixels + 2).chain(good.len() - 6..good.len());
    inputs.refuse_cuts(table, "cut at every byte", &good, cuts)?;
    inputs.refuse(table, "text", b"these are the images\n")?;
    inputs.refuse(table, "protocol 6", &change(&good, b"\x80\x02", b"\x80\x06")?)?;
    inputs.refuse(table, "unknown opcode", &change(&good, b"}", b"\xfe")?)?;
    inputs.refuse(table, "a call of `os.system`", b"cos\nsystem\n(S'rm -r .'\ntR.")?;
    let by_stack = b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.";
    inputs.refuse(table, "a call of `eval`, named by the stack", by_stack)?;
    let hidden = change(&good, b"cnumpy\ndtype", b"cnumpy\x1b[2J\nload")?;
    inputs.refuse(table, "a global with a control sequence", &hidden)?;
    inputs.refuse(table, "no operands", b"\x80\x02R.")?;
    inputs.refuse(table, "no mark", b"\x80\x02e.")?;
    inputs.refuse(table, "unset memo", b"\x80\x02h\x07.")?;
    inputs.refuse(table, "text not UTF-8", b"X\x02\0\0\0\xc3\x28.")?;
    let length = |opcode: &[u8], length: &[u8]| [opcode, length, b"ab."].concat();
    inputs.refuse(table, "a string of 4 GiB", &length(b"T", &[0xff; 4]))?;
    inputs.refuse(table, "bytes of 16 EiB", &length(b"\x8e", &[0xff; 8]))?;
    inputs.refuse(table, "a number of 2 GiB", &length(b"\x8b", b"\xff\xff\xff\x7f"))?;
    inputs.refuse(
        table,
        "a number of 200 bytes",
        &[&b"\x8a\xc8"[..], &[1; 200], b"."].concat(),
    )?;
    inputs.refuse(table, "a million values", &[b'N'; 2 << 20])?;
    inputs.refuse(table, "a million marks", &[b'('; 2 << 20])?;
    inputs.refuse(
        table,
        "a million nested tuples",
        &[&b"N"[..], &[0x85; 2 << 20]].concat(),
    )?;
    inputs.refuse(table, "bytes behind the end", &[&good[..], b"N."].concat())?;
    inputs.refuse(table, "a list", b"]q\0h\0a.")
}

/// Pickles that are not CIFAR's.
fn images(inputs: &Inputs, table: &mut Table) -> Checked {
    let good = python_images();
    let array = good
        .windows(6)
        .position(|part| part == b"cnumpy")
        .ok_or("no array")?;
    let text = [&good[..array], b"U\x04textu."].concat();
    inputs.refuse(table, "`data` is text", &text)?;
    let mut changed = |input: &str, old: &[u8], new: &[u8]| -> Checked {
        inputs.refuse(table, input, &change(&good, old, new)?)
    };
    changed("no `data`", b"U\x04data", b"U\x04dada")?;
    changed("`data` twice", b"U\x04data", b"U\x04dataNU\x04data")?;
    changed("a shape of 3 axes", b"K\x01M\x00\x0c\x86", b"K\x01K\x60K\x20\x87")?;
    changed(
        "more images than bytes",
        b"K\x01M\x00\x0c\x86",
        b"K\x02M\x00\x0c\x86",
    )?;
    let huge = b"\x8a\x08\0\0\0\0\0\0\0\x40";
    changed(
        "2^62 images",
        b"K\x01M\x00\x0c",
        &[&huge[..], b"M\x00\x0c"].concat(),
    )?;
    changed("2^62×2^62 bytes", b"K\x01M\x00\x0c", &[&huge[..], huge].concat())?;
    changed(
        "a negative shape",
        b"K\x01M\x00\x0c",
        b"J\xff\xff\xff\xffM\x00\x0c",
    )?;
    changed("images of another size", b"K\x01M\x00\x0c", b"M\x00\x0cK\x01")?;
    changed("floating-point pixels", b"U\x02u1", b"U\x02f8")?;
    changed("no labels", b"U\x0bfine_labels", b"U\x0bFINE_LABELS")?;
    changed("more labels than images", b"(K\x63e", b"(K\x63K\x01e")?;
    changed("label out of range", b"(K\x63e", b"(K\x64e")?;
    changed("negative label", b"(K\x63e", b"(J\xff\xff\xff\xffe")?;
    changed("a label that is text", b"(K\x63e", b"(U\x0299e")?;
    // Each list holds the one before twice: 2^64 values, if they were followed.
    let twice = b"q\x200]h\x20ah\x20a".repeat(64);
    changed(
        "nested lists of 2^64 values",
        b"]q\x03(K\x63e",
        &[b"]", &twice[..]].concat(),
    )
}

/// Class names.
fn names(inputs: &Inputs, table: &mut Table) -> Checked {
    let numbers: Vec<String> = (0..99).map(|i| i.to_string()).collect();
    let with = |last: &[u8]| {
        let names = numbers.iter().map(String::as_bytes).chain([last]);
        python_names(&names.collect::<Vec<_>>())
    };
    let few = numbers.iter().map(String::as_bytes).collect::<Vec<_>>();
    inputs.refuse(table, "99 class names", &python_names(&few))?;
    inputs.refuse(table, "a class name twice", &with(b"0"))?;
    inputs.refuse(table, "class names not UTF-8", &with(b"\xff"))?;
    let number = change(&with(b"last"), b"U\x04last", b"K\x07")?;
    inputs.refuse(table, "a class name that is a number", &number)?;
    let huge = [&b"}U\x10fine_label_names](X\0\0\x10\0"[..], &vec![b'a'; 1 << 20]].concat();
    let huge = [huge, b"2".repeat(99), b"es.".to_vec()].concat();
    inputs.refuse(table, "100 times the same text of 1 MiB", &huge)
}
