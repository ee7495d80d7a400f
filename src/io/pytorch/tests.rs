//! Files that PyTorch wrote, against what PyTorch reads from them; the files are described in
//! `tests/reference/README.md`.

use super::state_dict::common_prefix;
use crate::io::{Format, Stored, WeightsFile};
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const NAMES: [&str; 3] = ["types", "network", "training"];
const FORMS: [(&str, Format); 2] = [("zip", Format::PytorchZip), ("legacy", Format::PytorchLegacy)];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/weights")
        .join(name)
}

/// Shape and bits of every number.
fn bits(stored: &Stored) -> crate::Result<(Vec<usize>, Vec<u64>)> {
    let bits = match stored {
        Stored::F32(tensor) => tensor.to_vec()?.iter().map(|x| x.to_bits().into()).collect(),
        Stored::F64(tensor) => tensor.to_vec()?.iter().map(|x| x.to_bits()).collect(),
        Stored::Int(_, values) => values.iter().map(|&x| x as u64).collect(),
    };
    Ok((stored.shape().dims().to_vec(), bits))
}

#[test]
fn both_formats_read_as_pytorch_reads_them() -> TestResult {
    for name in NAMES {
        let expected = WeightsFile::load(&fixture(&format!("{name}.safetensors")))?;
        assert!(!expected.types.is_empty());
        for (form, format) in FORMS {
            let found = WeightsFile::load(&fixture(&format!("{name}_{form}.pth")))?;
            assert_eq!(found.format, format);
            assert_eq!(found.types, expected.types, "{name} {form}");
            for (key, tensor) in &expected.file.tensors {
                let ours = found.file.tensors.get(key).ok_or("missing")?;
                assert_eq!(bits(ours)?, bits(tensor)?, "{name} {form} {key}");
            }
        }
    }
    Ok(())
}

/// The length of a safetensors header, in the first bytes of the file, may look like the start of a pickle.
#[test]
fn safetensors_that_begin_as_pickles_do_are_read() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("net.safetensors");
    for length in [640_usize, 896, 1152, 1408] {
        let header = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let header = format!("{header:<length$}");
        let bytes = [
            &(length as u64).to_le_bytes()[..],
            header.as_bytes(),
            &1_f32.to_le_bytes(),
        ]
        .concat();
        fs::write(&path, bytes)?;
        let read = WeightsFile::load(&path)?;
        assert_eq!(read.format, Format::Safetensors);
        assert!(read.file.tensors.contains_key("w"), "{length}");
    }
    Ok(())
}

#[test]
fn what_is_left_out_or_renamed_is_told() -> TestResult {
    for (form, _) in FORMS {
        let training = WeightsFile::load(&fixture(&format!("training_{form}.pth")))?;
        let told = training.notes.join("; ");
        assert!(
            told.contains("\"state_dict\"") && told.contains("\"module.\""),
            "{told}"
        );
        assert!(training.file.tensors.contains_key("conv1.weight"));
        let network = WeightsFile::load(&fixture(&format!("network_{form}.pth")))?;
        assert_eq!(network.notes, Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn more_than_weights_is_refused_and_named() -> TestResult {
    let cases = [
        ("refused_module.pth", "the foreign global `torch.nn"),
        ("refused_script.pt", "TorchScript"),
    ];
    for (name, found) in cases {
        let told = match WeightsFile::load(&fixture(name)) {
            Ok(_) => "read".into(),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(found), "{name}: {told}");
    }
    Ok(())
}

/// The archive of `path` with the members that `change` makes of its own; `None` leaves one out.
fn repacked(
    path: &Path,
    change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut archive = zip::ZipArchive::new(fs::File::open(path)?)?;
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let (name, mut content) = (member.name()?.into_owned(), Vec::new());
        std::io::Read::read_to_end(&mut member, &mut content)?;
        if let Some(content) = change(&name, content) {
            writer.start_file(name, options)?;
            writer.write_all(&content)?;
        }
    }
    Ok(writer.finish()?.into_inner())
}

#[test]
fn archives_that_contradict_themselves_are_refused() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("weights.pth");
    let source = fixture("network_zip.pth");
    let told = |bytes: Vec<u8>| -> Result<String, Box<dyn std::error::Error>> {
        fs::write(&path, bytes)?;
        Ok(match WeightsFile::load(&path) {
            Ok(_) => "read".into(),
            Err(error) => error.to_string(),
        })
    };
    // Deflated members are read like stored ones.
    assert_eq!(told(repacked(&source, |_, content| Some(content))?)?, "read");
    let big = repacked(&source, |name, content| match name.ends_with("byteorder") {
        true => Some(b"big".to_vec()),
        false => Some(content),
    })?;
    assert!(told(big)?.contains("not little-endian"));
    let short = repacked(&source, |name, mut content| {
        if name.ends_with("data/0") {
            content.pop();
        }
        Some(content)
    })?;
    assert!(told(short)?.contains("bytes in the storage 0"));
    let gone = repacked(&source, |name, content| {
        (!name.ends_with("data/0")).then_some(content)
    })?;
    assert!(told(gone)?.contains("no storage 0"));
    let headless = repacked(&source, |name, content| {
        (!name.ends_with("data.pkl")).then_some(content)
    })?;
    assert!(told(headless)?.contains("without data.pkl"));
    Ok(())
}

#[test]
fn every_cut_is_an_error() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("weights.pth");
    for (form, _) in FORMS {
        let whole = fs::read(fixture(&format!("network_{form}.pth")))?;
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length])?;
            assert!(WeightsFile::load(&path).is_err(), "{form} cut at {length}");
        }
    }
    Ok(())
}

#[test]
fn prefixes_of_wrappers_are_taken_off_however_many_there_are() -> TestResult {
    let names = |names: [&str; 2]| names.map(|name| (name.to_owned(), ())).into();
    assert_eq!(
        common_prefix::<()>(&names(["module._orig_mod.a", "module._orig_mod.b"])),
        17
    );
    assert_eq!(common_prefix::<()>(&names(["module.a", "b"])), 0);
    assert_eq!(common_prefix::<()>(&std::collections::BTreeMap::new()), 0);
    // Quadratic work would take minutes.
    let long = "module.".repeat(1 << 20);
    let found = common_prefix::<()>(&names([&format!("{long}a"), &format!("{long}b")]));
    assert_eq!(found, long.len());
    Ok(())
}
