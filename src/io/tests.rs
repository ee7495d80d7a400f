//! Files: written whole, read strictly, converted at the door.

use super::{Stored, TensorFile, atomic, load_module, module_tensors, save_module, set_module};
use crate::nn::{Conv, Init, Linear, Module, Slot, join};
use crate::tensor::{Shape, Tensor};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// A convolution of 2 to 3 channels, and a head on its 2×2 pictures.
struct Pair {
    conv: Conv<f32>,
    head: Linear<f32>,
}

impl Pair {
    fn new(seed: u64) -> crate::Result<Self> {
        let mut init = Init::new(seed);
        Ok(Self {
            conv: Conv::new(&mut init, 2, 3, 3, 1)?,
            head: Linear::on_picture(&mut init, [2, 2, 3], 5)?,
        })
    }
}

impl Module for Pair {
    fn visit(
        &mut self,
        prefix: &str,
        visit: &mut dyn FnMut(Slot<'_>) -> crate::Result<()>,
    ) -> crate::Result<()> {
        self.conv.visit(&join(prefix, "conv"), visit)?;
        self.head.visit(&join(prefix, "head"), visit)
    }
}

fn values(module: &mut dyn Module) -> crate::Result<Vec<Vec<f32>>> {
    let mut all = Vec::new();
    module.visit("", &mut |slot| {
        all.push(slot.parameter.value.to_vec()?);
        Ok(())
    })?;
    Ok(all)
}

fn single(name: &str, stored: Stored) -> TensorFile {
    TensorFile {
        tensors: BTreeMap::from([(name.to_owned(), stored)]),
        ..TensorFile::default()
    }
}

#[test]
fn tensors_and_notes_survive_and_the_bytes_repeat() -> TestResult {
    let folder = TempDir::new()?;
    let (path, again) = (
        folder.path().join("a.safetensors"),
        folder.path().join("b.safetensors"),
    );
    let numbers = [0.1, -0.0, f64::MIN_POSITIVE, 1e300];
    let file = TensorFile {
        tensors: BTreeMap::from([
            (
                "f32".into(),
                Stored::F32(Tensor::from_slice([2, 1], &[1.5_f32, f32::NAN])?),
            ),
            ("f64".into(), Stored::F64(Tensor::from_slice([4], &numbers)?)),
            (
                "int".into(),
                Stored::Int(Shape::new(&[3]), vec![i64::MIN, 0, i64::MAX]),
            ),
            ("none".into(), Stored::F32(Tensor::zeros([0, 3]))),
        ]),
        metadata: (0..20).map(|i| (format!("key{i}"), i.to_string())).collect(),
    };
    file.save(&path)?;
    let read = TensorFile::load(&path)?;
    assert_eq!(read.note("key7").as_deref(), Some("7"));
    assert_eq!(read.note("key77"), None);
    assert!(matches!(&read.tensors["int"], Stored::Int(_, v) if *v == [i64::MIN, 0, i64::MAX]));
    let Stored::F64(f64s) = &read.tensors["f64"] else {
        return Err("not F64".into());
    };
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&f64s.to_vec()?), bits(&numbers));
    assert_eq!(read.tensors["none"].shape().dims(), [0, 3]);
    // Twenty entries of metadata would come out of a hash map in another order.
    file.save(&again)?;
    assert_eq!(fs::read(&path)?, fs::read(&again)?);
    Ok(())
}

#[test]
fn narrow_types_are_widened() -> TestResult {
    use safetensors::tensor::{Dtype, TensorView};
    let folder = TempDir::new()?;
    let path = folder.path().join("narrow.safetensors");
    let halves: Vec<u8> = [half::f16::from_f32(0.5), half::f16::from_f32(-65504.0)]
        .iter()
        .flat_map(|h| h.to_le_bytes())
        .collect();
    let brains: Vec<u8> = [half::bf16::from_f32(3.0), half::bf16::from_f32(1e38)]
        .iter()
        .flat_map(|h| h.to_le_bytes())
        .collect();
    let wides: Vec<u8> = [-7_i32, 9].iter().flat_map(|i| i.to_le_bytes()).collect();
    let views = [
        ("f16", TensorView::new(Dtype::F16, vec![2], &halves)?),
        ("bf16", TensorView::new(Dtype::BF16, vec![2], &brains)?),
        ("i32", TensorView::new(Dtype::I32, vec![2], &wides)?),
        ("u8", TensorView::new(Dtype::U8, vec![2], &[0, 255])?),
        ("flags", TensorView::new(Dtype::BOOL, vec![2], &[0, 1])?),
    ];
    fs::write(&path, safetensors::serialize(views, None)?)?;
    let read = TensorFile::load(&path)?;
    let float = |name: &str| -> crate::Result<_> {
        read.tensors[name].float::<f32>()?.map(|t| t.to_vec()).transpose()
    };
    assert_eq!(float("f16")?, Some(vec![0.5, -65504.0]));
    assert_eq!(
        float("bf16")?,
        Some(vec![3.0, half::bf16::from_f32(1e38).to_f32()])
    );
    assert!(matches!(&read.tensors["i32"], Stored::Int(_, v) if *v == [-7, 9]));
    assert!(matches!(&read.tensors["u8"], Stored::Int(_, v) if *v == [0, 255]));
    assert!(matches!(&read.tensors["flags"], Stored::Int(_, v) if *v == [0, 1]));
    let views = [("tiny", TensorView::new(Dtype::F8_E5M2, vec![1], &[1])?)];
    fs::write(&path, safetensors::serialize(views, None)?)?;
    let told = TensorFile::load(&path).err().ok_or("read")?.to_string();
    assert!(
        told.ends_with(
            "expected numbers with at most 6 axes in tiny, found the type F8_E5M2; convert the tensor first"
        ),
        "{told}"
    );
    Ok(())
}

#[test]
fn broken_files_are_refused_in_one_line() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("w.safetensors");
    let refusal = || -> Result<String, Box<dyn std::error::Error>> {
        let told = TensorFile::load(&path).err().ok_or("read")?.to_string();
        assert!(
            told.starts_with(&path.display().to_string()) && !told.contains('\n'),
            "{told}"
        );
        Ok(told)
    };
    assert!(refusal()?.contains(": cannot read the file: "));
    single("w", Stored::F32(Tensor::zeros([64]))).save(&path)?;
    let whole = fs::read(&path)?;
    for length in [0, 4, 8, 20, whole.len() - 1] {
        fs::write(&path, &whole[..length])?;
        assert!(
            refusal()?.contains("expected a safetensors file, found "),
            "{length} bytes"
        );
    }
    // A header that claims to be larger than any memory.
    fs::write(&path, [&u64::MAX.to_le_bytes()[..], &whole[8..]].concat())?;
    assert!(refusal()?.contains("expected a safetensors file, found "));
    fs::write(&path, [&whole[..], b"more"].concat())?;
    assert!(refusal()?.contains("expected a safetensors file, found "));
    Ok(())
}

/// The length of the header comes first: it may look like the beginning of a pickle or of a zip archive.
#[test]
fn headers_of_any_length_are_safetensors() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("net.safetensors");
    let mut pickles = 0;
    for letters in (0..1500).step_by(8) {
        let metadata = BTreeMap::from([("note".to_owned(), "x".repeat(letters))]);
        let tensors = BTreeMap::from([("a".to_owned(), Stored::Int(Shape::new(&[1]), vec![7]))]);
        TensorFile { tensors, metadata }.save(&path)?;
        let begin = fs::read(&path)?;
        pickles += usize::from(matches!(begin.as_slice(), [0x80, 2..=5, ..]));
        let read = super::load_weights(&path)?;
        assert_eq!(read.tensors.len(), 1, "{letters}");
    }
    assert!(pickles > 3, "{pickles}");
    Ok(())
}

#[test]
fn a_tensor_named_twice_is_refused_also_where_the_name_is_escaped() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("twice.safetensors");
    let tensor = r#"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
    for second in ["w", "\\u0077"] {
        let header = format!("{{\"w\":{tensor},\"{second}\":{tensor}}}");
        let length = (header.len() as u64).to_le_bytes();
        fs::write(&path, [&length[..], header.as_bytes(), b"1"].concat())?;
        let told = TensorFile::load(&path).err().ok_or("read")?.to_string();
        let expected =
            "expected a safetensors file, found a broken header (the name \"w\" twice at line 1 column ";
        assert!(told.contains(expected), "{told}");
    }
    Ok(())
}

#[test]
fn modules_are_stored_in_pytorch_layouts_and_come_back() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("pair.safetensors");
    let mut pair = Pair::new(1)?;
    save_module(&mut pair, &path, BTreeMap::new())?;
    let file = TensorFile::load(&path)?;
    let names: Vec<_> = file.tensors.keys().map(String::as_str).collect();
    assert_eq!(names, ["conv.weight", "head.bias", "head.weight"]);
    assert_eq!(
        file.tensors["conv.weight"].shape().dims(),
        [3, 2, 3, 3],
        "O,I,H,W"
    );
    // Column (c, h, w) of the file is column (h, w, c) in memory.
    let Stored::F32(stored) = &file.tensors["head.weight"] else {
        return Err("not F32".into());
    };
    let (stored, inner) = (stored.to_vec()?, &values(&mut pair)?[1]);
    for (c, h, w) in [(0, 0, 1), (2, 1, 0), (1, 1, 1)] {
        assert_eq!(stored[12 + c * 4 + h * 2 + w], inner[12 + (h * 2 + w) * 3 + c]);
    }
    let mut other = Pair::new(2)?;
    assert_ne!(values(&mut other)?, values(&mut pair)?);
    load_module(&mut other, &file, &path, "")?;
    assert_eq!(values(&mut other)?, values(&mut pair)?);
    Ok(())
}

#[test]
fn misfits_are_all_reported_and_nothing_is_changed() -> TestResult {
    let mut pair = Pair::new(1)?;
    let before = values(&mut pair)?;
    let mut tensors = module_tensors(&mut Pair::new(2)?, "net")?;
    tensors.remove("net.head.bias");
    tensors.insert("net.conv.weight".into(), Stored::F32(Tensor::zeros([3, 2, 1, 1])));
    tensors.insert("net.extra".into(), Stored::F32(Tensor::zeros([1])));
    tensors.insert("elsewhere".into(), Stored::F32(Tensor::zeros([1])));
    tensors.insert(
        "net.bn.num_batches_tracked".into(),
        Stored::Int(Shape::SCALAR, vec![7]),
    );
    tensors.insert(
        "net.head.weight".into(),
        Stored::F32(Tensor::full([5, 12], f32::INFINITY)),
    );
    let report = set_module(&mut pair, &tensors, "net")?;
    assert_eq!(report.missing, ["net.head.bias"]);
    assert_eq!(report.unexpected, ["net.extra"]);
    assert_eq!(report.not_finite, ["net.head.weight"]);
    assert_eq!(report.mis_shaped.len(), 1);
    assert!(report.mis_shaped[0].0 == "net.conv.weight");
    assert_eq!(values(&mut pair)?, before);
    let told = load_module(
        &mut pair,
        &TensorFile {
            tensors,
            ..TensorFile::default()
        },
        Path::new("w.safetensors"),
        "net",
    );
    let told = told.err().ok_or("loaded")?.to_string();
    assert!(
        told.starts_with(
            "w.safetensors: expected the tensors of this architecture, found 1 missing (net.head.bias); "
        ),
        "{told}"
    );
    assert!(
        told.contains("1 not finite (net.head.weight)") && !told.contains('\n'),
        "{told}"
    );
    Ok(())
}

#[test]
fn a_failed_write_keeps_the_old_file_and_leaves_nothing_behind() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("file");
    atomic::write(&path, b"old")?;
    atomic::write(&path, b"new")?;
    assert_eq!(fs::read(&path)?, b"new");
    // A folder cannot be replaced by a file, whoever asks.
    let occupied = folder.path().join("folder");
    atomic::create_folder(&occupied.join("inside"))?;
    let told = atomic::write(&occupied, b"x").err().ok_or("written")?.to_string();
    assert!(
        told.starts_with(&format!("{}: cannot write the file: ", occupied.display())),
        "{told}"
    );
    assert!(atomic::write(&path.join("below a file"), b"x").is_err());
    let mut names: Vec<_> = fs::read_dir(folder.path())?
        .map(|e| e.map(|e| e.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort();
    assert_eq!(names, ["file", "folder"]);
    Ok(())
}
