//! Small files of arrays, as NumPy and PyTorch's users write them.

use crate::data::{Dataset, Source};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn open_path(path: &Path) -> crate::Result<Dataset> {
    Source::Path(path.into()).open()
}

fn refusal(path: &Path) -> TestResult<String> {
    let told = open_path(path).err().ok_or("opened")?.to_string();
    assert!(!told.contains('\n'), "{told}");
    Ok(told.replace(&path.display().to_string(), "."))
}

/// A type as NumPy calls it and as safetensors does.
type Kind = (&'static str, Dtype);

const BYTES: Kind = ("|u1", Dtype::U8);
const WHOLE: Kind = ("<i8", Dtype::I64);
const FLOATS: Kind = ("<f4", Dtype::F32);

/// An array that is to be written.
struct Array {
    name: &'static str,
    kind: Kind,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn bytes(name: &'static str, shape: &[usize], bytes: impl IntoIterator<Item = u8>) -> Array {
    Array {
        name,
        kind: BYTES,
        shape: shape.to_vec(),
        bytes: bytes.into_iter().collect(),
    }
}

fn labels(name: &'static str, shape: &[usize], labels: &[i64]) -> Array {
    Array {
        name,
        kind: WHOLE,
        shape: shape.to_vec(),
        bytes: labels.iter().flat_map(|label| label.to_le_bytes()).collect(),
    }
}

fn floats(name: &'static str, shape: &[usize], numbers: &[f32]) -> Array {
    Array {
        name,
        kind: FLOATS,
        shape: shape.to_vec(),
        bytes: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
    }
}

fn write_npz(path: &Path, arrays: &[Array], method: CompressionMethod) -> TestResult {
    let mut archive = ZipWriter::new(fs::File::create(path)?);
    for array in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(format!("{}.npy", array.name), options)?;
        let shape: String = array.shape.iter().map(|length| format!("{length}, ")).collect();
        let header = format!(
            "{{'descr': '{}', 'fortran_order': False, 'shape': ({shape}), }}\n",
            array.kind.0
        );
        archive.write_all(b"\x93NUMPY\x01\x00")?;
        archive.write_all(&(header.len() as u16).to_le_bytes())?;
        archive.write_all(header.as_bytes())?;
        archive.write_all(&array.bytes)?;
    }
    archive.finish()?;
    Ok(())
}

fn write_tensors(path: &Path, arrays: &[Array], classes: Option<&str>) -> TestResult {
    let views: Vec<_> = arrays
        .iter()
        .map(|array| {
            let view = TensorView::new(array.kind.1, array.shape.clone(), &array.bytes);
            view.map(|view| (array.name, view))
        })
        .collect::<Result<_, _>>()?;
    let metadata = classes.map(|classes| HashMap::from([("classes".to_owned(), classes.to_owned())]));
    fs::write(path, safetensors::serialize(views, metadata)?)?;
    Ok(())
}

/// Four grey images of 2×2 pixels with two classes, and two to test with.
fn divided(names: [&'static str; 4]) -> Vec<Array> {
    vec![
        bytes(names[0], &[4, 2, 2], 0..16),
        labels(names[1], &[4, 1], &[0, 1, 1, 2]),
        bytes(names[2], &[2, 2, 2], 20..28),
        labels(names[3], &[2, 1], &[1, 0]),
    ]
}

#[test]
fn every_file_of_the_same_arrays_is_the_same_data_set() -> TestResult {
    let folder = TempDir::new()?;
    let at = |name: &str| folder.path().join(name);
    let keras = divided(["x_train", "y_train", "x_test", "y_test"]);
    let medmnist = divided(["train_images", "train_labels", "test_images", "test_labels"]);
    write_npz(&at("stored.npz"), &keras, CompressionMethod::Stored)?;
    write_npz(&at("deflated.npz"), &medmnist, CompressionMethod::Deflated)?;
    write_tensors(&at("one.safetensors"), &medmnist, None)?;
    // The content counts, not the name.
    fs::copy(at("stored.npz"), at("stored"))?;
    fs::copy(at("one.safetensors"), at("one.npz"))?;
    let [train, test] =
        [0, 2].map(|i| [("images", i), ("labels", i + 1)].map(|(name, i)| (name, &medmnist[i])));
    fs::create_dir(at("pair"))?;
    for (file, part) in [("pair/train.npz", train), ("pair/test.npz", test)] {
        let part = part.map(|(name, array)| Array {
            name,
            shape: array.shape.clone(),
            bytes: array.bytes.clone(),
            ..*array
        });
        write_npz(&at(file), &part, CompressionMethod::Deflated)?;
    }
    let set = open_path(&at("stored.npz"))?;
    assert_eq!((set.train.size(), set.test.len()), ([2, 2], 2));
    // They are stored class by class.
    assert_eq!(set.train.labels(), [0, 1, 2, 1]);
    assert_eq!(set.train.image(1), [4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7]);
    assert_eq!(set.classes, ["0", "1", "2"]);
    assert_eq!(set.warnings.len(), 1);
    for other in ["deflated.npz", "one.safetensors", "stored", "one.npz", "pair"] {
        let other = open_path(&at(other)).map_err(|error| format!("{other}: {error}"))?;
        assert_eq!(
            (other.sha256(), other.warnings, other.classes),
            (set.sha256(), set.warnings.clone(), set.classes.clone())
        );
    }
    Ok(())
}

#[test]
fn every_layout_becomes_pixels_of_three_bytes() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("a.npz");
    // Images of 2×2 pixels; what the first image must be.
    let grey = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3];
    let planes = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11];
    let pixels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    for (shape, first) in [
        (&[4, 2, 2][..], grey),
        (&[4, 1, 2, 2], grey),
        (&[4, 2, 2, 1], grey),
        (&[4, 3, 2, 2], planes),
        (&[4, 2, 2, 3], pixels),
    ] {
        let count: usize = shape.iter().product();
        let arrays = [
            bytes("images", shape, (0..count).map(|i| i as u8)),
            labels("labels", &[4], &[0, 0, 1, 1]),
        ];
        write_npz(&path, &arrays, CompressionMethod::Stored)?;
        let set = open_path(&path)?;
        assert_eq!(set.train.image(0), first, "{shape:?}");
        assert_eq!(
            (set.train.labels(), set.test.labels()),
            (&[0, 1][..], &[0, 1][..])
        );
    }
    // Three in both places are planes.
    let arrays = [
        bytes("images", &[4, 3, 3, 3], 0..108),
        labels("labels", &[4], &[0, 0, 1, 1]),
    ];
    write_npz(&path, &arrays, CompressionMethod::Stored)?;
    assert_eq!(open_path(&path)?.train.image(0)[..3], [0, 9, 18]);
    Ok(())
}

#[test]
fn numbers_from_0_to_1_are_rounded_to_bytes() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("a.safetensors");
    let write = |numbers: [f32; 4]| -> TestResult {
        let arrays = [
            floats("images", &[4, 1, 1], &numbers),
            labels("labels", &[4], &[0, 0, 1, 1]),
        ];
        write_tensors(&path, &arrays, Some("[\"no\", \"yes\"]"))
    };
    write([0.0, 7.0 / 255.0, 254.0 / 255.0, 1.0])?;
    let set = open_path(&path)?;
    assert_eq!(set.warnings.len(), 1, "only that there is no test split");
    assert_eq!(set.classes, ["no", "yes"]);
    let found = [set.train.image(0)[0], set.train.image(1)[0], set.test.image(0)[0]];
    assert_eq!(found, [0, 254, 7]);
    write([0.001, 7.0 / 255.0, 0.5, 1.0])?;
    assert_eq!(
        open_path(&path)?.warnings[1],
        "2 numbers of the images are no whole 255ths and were rounded to them"
    );
    write([f32::NAN, f32::INFINITY, -0.1, 2.0])?;
    assert_eq!(
        refusal(&path)?,
        ".: expected `images` in [0, 1], found 2 NaN or infinite and 2 outside, of 4 numbers; \
         divide bytes by 255, undo any normalisation"
    );
    Ok(())
}

#[test]
fn class_names_must_fit() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("a.safetensors");
    let arrays = [
        bytes("images", &[4, 1, 1], 0..4),
        labels("labels", &[4], &[0, 0, 1, 1]),
    ];
    write_tensors(&path, &arrays, Some("cat\ndog\n"))?;
    assert_eq!(open_path(&path)?.classes, ["cat", "dog"]);
    for (classes, found) in [
        ("cat", "expected names of 2 classes, found 1 names"),
        (
            "[1, 2]",
            "expected a JSON list of names in the metadata `classes`, found invalid type",
        ),
        (
            "cat\ncat",
            "expected different class names of a line each, found \"cat\"",
        ),
    ] {
        write_tensors(&path, &arrays, Some(classes))?;
        assert!(refusal(&path)?.contains(found), "{classes}: {}", refusal(&path)?);
    }
    Ok(())
}

#[test]
fn big_endian_and_narrow_numbers_are_read() {
    use super::numbers::{Array, Kind, Type};
    let array = |kind, is_big_endian, bytes: &[u8]| Array {
        kind: Type { kind, is_big_endian },
        shape: Vec::new(),
        bytes: bytes.to_vec().into(),
    };
    let whole = |array: &Array<'_>| array.integers().map(|numbers| numbers.collect::<Vec<_>>());
    assert_eq!(
        whole(&array(Kind::I16, true, &[0xFF, 0xFE, 1, 0])),
        Some(vec![-2, 256])
    );
    assert_eq!(
        whole(&array(Kind::I8, false, &[0x80, 0x7F])),
        Some(vec![-128, 127])
    );
    assert_eq!(
        whole(&array(Kind::U64, false, &[0xFF; 8])),
        Some(vec![u64::MAX.into()])
    );
    assert_eq!(whole(&array(Kind::F32, false, &[0; 4])), None);
    let half = array(Kind::F16, true, &[0x38, 0]);
    assert_eq!(
        half.floats().map(|numbers| numbers.collect::<Vec<_>>()),
        Some(vec![0.5])
    );
}
