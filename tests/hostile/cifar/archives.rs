//! Archives with the python layout.

use super::samples::{gzip, member, members, python_images};
use super::{Checked, Inputs, Table};
use std::path::Path;
use tar::EntryType;

/// The unpacked size may be 64 times the file's.
const MULTIPLE: usize = 3 * 64;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let archive = folder.join("cifar-100-python.tar.gz");
    let inputs = Inputs {
        reader: "CIFAR archive",
        folder,
        path: &archive,
        file: &archive,
        multiple: MULTIPLE,
    };
    streams(&inputs, table)?;
    members_that_harm(&inputs, table)?;
    bombs(&inputs, table)?;
    std::fs::remove_file(archive)?;
    Ok(())
}

/// Archives that are broken as such.
fn streams(inputs: &Inputs, table: &mut Table) -> Checked {
    let whole = members().concat();
    inputs.refuse(table, "empty file", b"")?;
    inputs.refuse(table, "another kind of archive", b"PK\x03\x04 and so on")?;
    // In the middle and at the end of every block, up to the last byte that is not padding.
    let end = whole.len() - 512 + python_images().len() % 512;
    inputs.refuse_cuts(table, "cut .tar", &whole, (0..end).step_by(128))?;
    // With the empty blocks at its end, behind which nothing needs to be read but the checksum.
    let packed = gzip(&[&whole[..], &[0; 1024]].concat())?;
    inputs.refuse_cuts(table, "cut .tar.gz", &packed, 0..packed.len())?;
    let mut flipped = packed.clone();
    // In the checksum, which stands before the 4 bytes of the length.
    flipped[packed.len() - 5] ^= 1;
    inputs.refuse(table, "wrong checksum of .gz", &flipped)?;
    let [train, mut test] = members();
    test[0] = b'C';
    inputs.refuse(table, "wrong checksum of .tar", &[train.clone(), test].concat())?;
    inputs.refuse(table, "no test split", &train)?;
    let nested = gzip(&packed)?;
    inputs.refuse(table, "packed twice", &nested)
}

/// Members with names and kinds that must not be followed.
fn members_that_harm(inputs: &Inputs, table: &mut Table) -> Checked {
    let good = members();
    let mut with = |input: &str, name: &[u8], kind: EntryType| -> Checked {
        let added = member(name, kind, &[]);
        inputs.refuse(
            table,
            input,
            &gzip(&[&good[0], &added, &good[1]].map(|m| &m[..]).concat())?,
        )
    };
    with("a path that escapes", b"../../.bashrc", EntryType::Regular)?;
    with(
        "a path that escapes later",
        b"cifar-100-python/../../x",
        EntryType::Regular,
    )?;
    with("an absolute path", b"/etc/passwd", EntryType::Regular)?;
    with("a folder outside", b"../x/", EntryType::Directory)?;
    with("a symbolic link", b"cifar-100-python/meta", EntryType::Symlink)?;
    with("a hard link", b"cifar-100-python/meta", EntryType::Link)?;
    with("a pipe", b"cifar-100-python/meta", EntryType::Fifo)?;
    with("a sparse file", b"cifar-100-python/meta", EntryType::GNUSparse)?;
    with("a file twice", b"cifar-100-python/train", EntryType::Regular)?;
    with("a file twice, at two places", b"./train", EntryType::Regular)?;
    with(
        "two data sets",
        b"cifar-10-batches-py/data_batch_1",
        EntryType::Regular,
    )?;
    let foreign = member(b"cifar-100-pyth\xffn/train", EntryType::Regular, &python_images());
    inputs.refuse(table, "only names not UTF-8", &foreign)?;
    let global = member(b"cifar-100-python/train", EntryType::Regular, b"cos\nsystem\n.");
    inputs.refuse(
        table,
        "a foreign global inside",
        &gzip(&[&global[..], &good[1]].concat())?,
    )
}

/// Small files that say or have a huge content.
fn bombs(inputs: &Inputs, table: &mut Table) -> Checked {
    let [train, test] = members();
    let mut header = tar::Header::new_ustar();
    header.set_path("cifar-100-python/train")?;
    header.set_size(8 << 30);
    header.set_cksum();
    inputs.refuse(table, "a member that says 8 GiB", header.as_bytes())?;
    inputs.refuse(table, "the same, packed", &gzip(header.as_bytes())?)?;
    // 80 MiB of zeros, packed in parts: as an unwanted member, and as a name too long for a header.
    header.set_path("cifar-100-python/zeros")?;
    header.set_size(80 << 20);
    header.set_cksum();
    let zeros = gzip(&vec![0; 8 << 20])?.repeat(10);
    let bomb = |header: &tar::Header| -> Checked<Vec<u8>> {
        let begin = gzip(&[&train[..], header.as_bytes()].concat())?;
        Ok([begin, zeros.clone(), gzip(&test)?].concat())
    };
    inputs.refuse(table, "80 MiB of zeros in 80 KB", &bomb(&header)?)?;
    header.set_entry_type(EntryType::GNULongName);
    header.set_cksum();
    inputs.refuse(table, "a member's name of 80 MiB", &bomb(&header)?)?;
    let behind = [gzip(&[&train[..], &test, &[0; 1024]].concat())?, zeros].concat();
    inputs.refuse(table, "zeros behind the archive", &behind)
}
