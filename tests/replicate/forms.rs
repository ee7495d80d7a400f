//! CIFAR-100 in each of its published forms: the same images give the same run.

use super::Checked;
use super::directory::contents;
use super::photos::Layout;
use super::settings::{run_with_threads, shrunken};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::path::Path;

const RECORD: usize = 2 + 3072;

/// A file of records as the pickle that Python 2 wrote of it: a dictionary with labels and an array of bytes.
fn pickle(records: &[u8]) -> Vec<u8> {
    let labels = |which: usize| -> Vec<u8> {
        let one = |record: &[u8]| [b'K', record[which]];
        records.chunks(RECORD).flat_map(one).collect()
    };
    let pixels: Vec<u8> = records
        .chunks(RECORD)
        .flat_map(|record| &record[2..])
        .copied()
        .collect();
    let count = (records.len() / RECORD) as u32;
    [
        b"\x80\x02}(".as_slice(),
        b"U\x0dcoarse_labels](",
        &labels(0),
        b"eU\x0bfine_labels](",
        &labels(1),
        b"eU\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01J",
        &count.to_le_bytes(),
        b"M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
        &(pixels.len() as u32).to_le_bytes(),
        &pixels,
        b"tbu.",
    ]
    .concat()
}

/// The python layout of the binary one in `binary`.
fn write_python(binary: &Path, python: &Path) -> Checked {
    std::fs::create_dir(python)?;
    for split in ["train", "test"] {
        let records = std::fs::read(binary.join(format!("{split}.bin")))?;
        std::fs::write(python.join(split), pickle(&records))?;
    }
    let names = std::fs::read_to_string(binary.join("fine_label_names.txt"))?;
    let mut meta = b"\x80\x02}(U\x10fine_label_names](".to_vec();
    for name in names.lines() {
        meta.extend([b'U', name.len() as u8]);
        meta.extend(name.as_bytes());
    }
    meta.extend(b"eu.");
    Ok(std::fs::write(python.join("meta"), meta)?)
}

/// Packs a folder as it is published.
fn pack(folder: &Path, archive: &Path) -> Checked {
    let mut tar = tar::Builder::new(GzEncoder::new(
        std::fs::File::create(archive)?,
        Compression::fast(),
    ));
    tar.append_dir_all(folder.file_name().ok_or("no name")?, folder)?;
    tar.into_inner()?.finish()?;
    Ok(())
}

#[test]
fn every_form_of_the_same_images_gives_the_same_run() -> Checked {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    Layout::Cifar100.write(&path("cifar-100-binary"), 240, 60)?;
    write_python(&path("cifar-100-binary"), &path("cifar-100-python"))?;
    pack(&path("cifar-100-binary"), &path("cifar-100-binary.tar.gz"))?;
    pack(&path("cifar-100-python"), &path("cifar-100-python.tar.gz"))?;
    let mut runs = Vec::new();
    for form in [
        "cifar-100-binary",
        "cifar-100-python",
        "cifar-100-binary.tar.gz",
        "cifar-100-python.tar.gz",
    ] {
        let out = path(&format!("run-{form}"));
        run_with_threads(&shrunken(&path(form).display().to_string()), &out, 2)?;
        let found = contents(&out)?;
        // Weights, figures and results; the configuration says where the data were, and states carry its hash.
        let same: Vec<_> = found
            .into_iter()
            .filter(|(name, _)| {
                let figure = name.starts_with("figures/");
                let root = !name.contains('/') && name != "config.toml" && name != "report.html";
                figure || root
            })
            .collect();
        assert!(same.iter().any(|(name, _)| name == "summary.json"));
        runs.push((form, same));
    }
    let (first, others) = runs.split_first().ok_or("no runs")?;
    for (form, found) in others {
        let differing: Vec<&String> = first
            .1
            .iter()
            .zip(found)
            .filter(|(a, b)| a != b)
            .map(|(a, _)| &a.0)
            .collect();
        assert!(
            differing.is_empty() && first.1.len() == found.len(),
            "{form} differs in {differing:?}"
        );
    }
    Ok(())
}
