//! The binary layout.

use super::{Checked, Inputs, MULTIPLE, Table, open};
use std::fs::File;
use std::path::Path;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let set = folder.join("cifar-100-binary");
    std::fs::create_dir(&set)?;
    let record = vec![0; 3074];
    std::fs::write(set.join("test.bin"), &record)?;
    let of_file = |file| Inputs {
        reader: "CIFAR binary",
        folder,
        path: &set,
        file,
        multiple: MULTIPLE,
    };
    let train = set.join("train.bin");
    let images = of_file(&train);
    images.refuse(table, "empty file", &[])?;
    let two = [&record[..], &record].concat();
    images.refuse_cuts(table, "cut inside a record", &two, (1..3074).chain(3075..6148))?;
    let label = |coarse, fine| [&[coarse, fine], &record[2..]].concat();
    images.refuse(table, "label out of range", &label(0, 100))?;
    images.refuse(table, "coarse label out of range", &label(20, 0))?;
    File::create(&train)?.set_len(3074 << 30)?;
    let named = ("CIFAR binary", "3 TB of zeros that take no disk");
    table.refuse(named, (folder, &set), MULTIPLE, open)?;
    std::fs::write(&train, &record)?;

    let names = set.join("fine_label_names.txt");
    let of_names = of_file(&names);
    let lines = |count: usize| (0..count).map(|i| format!("{i}\n")).collect::<String>();
    of_names.refuse(table, "99 class names", lines(99).as_bytes())?;
    of_names.refuse(table, "a class name twice", (lines(99) + "0\n").as_bytes())?;
    let not_utf8 = [lines(99).as_bytes(), b"\xff\n"].concat();
    of_names.refuse(table, "class names not UTF-8", &not_utf8)?;
    std::fs::remove_dir_all(set)?;
    Ok(())
}
