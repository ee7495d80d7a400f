//! Small made-up files in the published layouts.

use super::PLANE;
use crate::data::{Dataset, Source};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn open_path(path: &Path) -> crate::Result<Dataset> {
    Source::Path(path.into()).open()
}

/// Pixel (row, column) of channel `channel` of the image with seed `seed`.
fn pixel(seed: usize, channel: usize, row: usize, column: usize) -> u8 {
    ((seed * 31 + channel * 97 + row * 7 + column * 3) % 256) as u8
}

fn record(labels: &[u8], seed: usize) -> Vec<u8> {
    let planes = (0..3 * PLANE).map(|i| pixel(seed, i / PLANE, i % PLANE / 32, i % 32));
    labels.iter().copied().chain(planes).collect()
}

/// CIFAR-100 with three training and two test images.
fn cifar100(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(
        folder.join("train.bin"),
        [record(&[19, 99], 0), record(&[0, 4], 1), record(&[1, 0], 2)].concat(),
    )?;
    fs::write(
        folder.join("test.bin"),
        [record(&[3, 7], 3), record(&[0, 98], 4)].concat(),
    )?;
    let names: String = (0..100).map(|i| format!("thing_{i}\n")).collect();
    fs::write(folder.join("fine_label_names.txt"), names)
}

/// CIFAR-10 with one image a file.
fn cifar10(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for batch in 1..=5_u8 {
        fs::write(
            folder.join(format!("data_batch_{batch}.bin")),
            record(&[batch], batch.into()),
        )?;
    }
    fs::write(folder.join("test_batch.bin"), record(&[9], 6))?;
    // The published file ends with an empty line.
    let names: String = (0..10).map(|i| format!("class {i}\n")).collect();
    fs::write(folder.join("batches.meta.txt"), names + "\n")
}

/// The message with which opening fails, the folder's name replaced by a dot.
fn refusal(folder: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let error = open_path(folder).err().ok_or("opened")?.to_string();
    assert!(!error.contains('\n'), "{error}");
    Ok(error.replace(&folder.display().to_string(), "."))
}

/// Compares the second training image with the one it was made as.
fn check_pixels(data: &Dataset, seed: usize) {
    let image = data.train.image(1);
    for (row, column) in [(0, 0), (0, 31), (17, 5), (31, 31)] {
        for channel in 0..3 {
            assert_eq!(
                image[(row * 32 + column) * 3 + channel],
                pixel(seed, channel, row, column)
            );
        }
    }
}

#[test]
fn cifar100_keeps_fine_labels_and_interleaves_planes() -> TestResult {
    let folder = TempDir::new()?;
    cifar100(folder.path())?;
    let data = open_path(folder.path())?;
    assert_eq!((data.name.as_str(), data.classes.len()), ("CIFAR-100", 100));
    assert_eq!(data.classes[98], "thing_98");
    assert_eq!(
        (data.train.labels(), data.test.labels()),
        (&[99, 4, 0][..], &[7, 98][..])
    );
    check_pixels(&data, 1);
    let told = |file: &str, found: usize, published: usize| {
        let path = folder.path().join(file);
        format!(
            "{}: {found} records, the published file has {published}",
            path.display()
        )
    };
    assert_eq!(
        data.warnings,
        [told("train.bin", 3, 50_000), told("test.bin", 2, 10_000)]
    );
    Ok(())
}

#[test]
fn cifar10_reads_its_batches_in_order() -> TestResult {
    let folder = TempDir::new()?;
    cifar10(folder.path())?;
    let data = open_path(folder.path())?;
    assert_eq!((data.name.as_str(), data.classes.len()), ("CIFAR-10", 10));
    assert_eq!(
        (data.train.labels(), data.test.labels()),
        (&[1, 2, 3, 4, 5][..], &[9][..])
    );
    check_pixels(&data, 2);
    assert_eq!(data.warnings.len(), 6);
    Ok(())
}

#[test]
fn the_folder_around_is_enough_unless_it_holds_both() -> TestResult {
    let folder = TempDir::new()?;
    cifar10(&folder.path().join("cifar-10-batches-bin"))?;
    assert_eq!(open_path(folder.path())?.name, "CIFAR-10");
    cifar100(&folder.path().join("cifar-100-binary"))?;
    let expected = ".: expected a folder with CIFAR-10 or CIFAR-100 in the published binary layout, \
                    found several data sets; give the folder of one of them";
    assert_eq!(refusal(folder.path())?, expected);
    Ok(())
}

#[test]
fn a_folder_without_the_files_is_refused() -> TestResult {
    let folder = TempDir::new()?;
    let expected = |found: &str| {
        format!(
            ".: expected a folder with CIFAR-10 or CIFAR-100 in the published binary layout, found {found}; \
             unpack cifar-10-binary.tar.gz or cifar-100-binary.tar.gz and give its folder"
        )
    };
    assert_eq!(refusal(folder.path())?, expected("none of their .bin files"));
    assert_eq!(refusal(&folder.path().join("absent"))?, expected("nothing there"));
    fs::write(folder.path().join("file"), "x")?;
    assert_eq!(refusal(&folder.path().join("file"))?, expected("a file"));
    Ok(())
}

#[test]
fn a_missing_file_is_named() -> TestResult {
    let folder = TempDir::new()?;
    cifar10(folder.path())?;
    fs::remove_file(folder.path().join("data_batch_3.bin"))?;
    let found = refusal(folder.path())?;
    assert!(
        found.starts_with("./data_batch_3.bin: cannot read the images: "),
        "{found}"
    );
    Ok(())
}

#[test]
fn sizes_that_are_no_whole_records_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    cifar100(folder.path())?;
    let expected = |found: &str| {
        format!(
            "./test.bin: expected 1 to 1000000 whole records of 3074 bytes, found {found}; unpack the archive again"
        )
    };
    let file = folder.path().join("test.bin");
    fs::write(&file, "")?;
    assert_eq!(refusal(folder.path())?, expected("an empty file"));
    fs::write(&file, &record(&[0, 0], 0)[..3000])?;
    assert_eq!(
        refusal(folder.path())?,
        expected("3000 bytes = 0 records and 3000 bytes")
    );
    let truncated = [record(&[0, 0], 0), vec![0; 3073]].concat();
    fs::write(&file, truncated)?;
    assert_eq!(
        refusal(folder.path())?,
        expected("6147 bytes = 1 records and 3073 bytes")
    );
    // Nonsense that takes no room on the disk (a sparse file) must not fill the memory either.
    fs::File::options()
        .write(true)
        .open(&file)?
        .set_len(3074 * 1_000_001)?;
    assert_eq!(
        refusal(folder.path())?,
        expected("3074003074 bytes = 1000001 records and 0 bytes")
    );
    Ok(())
}

#[test]
fn labels_out_of_range_name_their_record() -> TestResult {
    let folder = TempDir::new()?;
    cifar100(folder.path())?;
    let file = folder.path().join("train.bin");
    let told = |what: &str, byte: u8| {
        format!("./train.bin: expected {what} in record 1, found byte {byte}; unpack the archive again")
    };
    fs::write(&file, [record(&[19, 99], 0), record(&[19, 100], 1)].concat())?;
    assert_eq!(refusal(folder.path())?, told("fine label 0 to 99", 100));
    fs::write(&file, [record(&[19, 99], 0), record(&[20, 99], 1)].concat())?;
    assert_eq!(refusal(folder.path())?, told("coarse label 0 to 19", 20));
    Ok(())
}

#[test]
fn class_names_may_be_absent_but_not_incomplete() -> TestResult {
    let folder = TempDir::new()?;
    cifar10(folder.path())?;
    let file = folder.path().join("batches.meta.txt");
    fs::write(&file, "airplane\nautomobile\n")?;
    let expected = "./batches.meta.txt: expected 10 class names, one a line, found 2; \
                    restore the published file, or remove it to call the classes by their numbers";
    assert_eq!(refusal(folder.path())?, expected);
    fs::remove_file(&file)?;
    let data = open_path(folder.path())?;
    assert_eq!(data.classes[9], "9");
    let told = format!(
        "{}: not there; the classes are called by their numbers",
        file.display()
    );
    assert_eq!(data.warnings.first(), Some(&told));
    Ok(())
}
