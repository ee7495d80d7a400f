//! `crossmax inspect` and `crossmax convert`, on files that PyTorch wrote and on such as it would not.

use crate::program::{fails, folder, names_in, run, weights};
use crossmax::Result;
use crossmax::io::{Stored, TensorFile, WeightsFile};
use crossmax::tensor::Tensor;
use std::fs;
use std::path::Path;

/// A file that PyTorch wrote; see `tests/reference/README.md`.
fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/weights/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn inspect_tells_what_a_file_holds() -> Result<()> {
    let folder = folder();
    for (form, format) in [("zip", "PyTorch (zip)"), ("legacy", "PyTorch (before 1.6)")] {
        let ran = run(
            folder.path(),
            &format!("inspect {}", fixture(&format!("training_{form}.pth"))),
        );
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        for part in [
            format,
            "conv1.weight ",
            "[4, 3, 3, 3]",
            "\"module.\" taken off",
            "1 I64",
            "network: not known",
        ] {
            assert!(ran.stdout.contains(part), "{part:?} in {}", ran.stdout);
        }
    }
    weights(3)?.save(&folder.path().join("net.safetensors"))?;
    let ran = run(folder.path(), "inspect net.safetensors --brief");
    let said = "network: ResNet of [1, 1, 1] basic blocks of widths [16, 32, 64], 3 input channels, 5 classes: every tensor fits";
    assert!(
        ran.stdout.contains(said) && !ran.stdout.contains("bn1"),
        "{}",
        ran.stdout
    );
    let ran = run(folder.path(), "inspect net.safetensors --json");
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(object["network"]["fits"], true);
    assert_eq!(object["tensors"][0]["type"], "F32");
    Ok(())
}

#[test]
fn convert_keeps_every_number_of_a_pytorch_file() -> Result<()> {
    let folder = folder();
    for form in ["zip", "legacy"] {
        let (input, out) = (
            fixture(&format!("network_{form}.pth")),
            format!("{form}.safetensors"),
        );
        // No ResNet: only with --any.
        let parts = ["expected a ResNet", "--any"];
        fails(folder.path(), &format!("convert {input} {out}"), 1, &parts);
        assert!(!names_in(folder.path()).contains(&out));
        let ran = run(folder.path(), &format!("convert {input} {out} --any"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let expected = WeightsFile::load(Path::new(&fixture("network.safetensors")))?;
        let found = WeightsFile::load(&folder.path().join(&out))?;
        assert!(found.types == expected.types);
        for (name, tensor) in &expected.file.tensors {
            let pair = (tensor.float::<f64>()?, found.file.tensors[name].float::<f64>()?);
            match pair {
                (Some(a), Some(b)) => assert_eq!(a.to_vec()?, b.to_vec()?, "{name}"),
                (a, b) => assert!(a.is_none() && b.is_none(), "{name}"),
            }
        }
    }
    Ok(())
}

#[test]
fn convert_checks_a_resnet_tensor_by_tensor_and_replaces_nothing_unasked() -> Result<()> {
    let folder = folder();
    let path = folder.path().join("net.safetensors");
    let whole = weights(3)?;
    whole.save(&path)?;
    let line = "convert net.safetensors out.safetensors";
    assert_eq!(run(folder.path(), line).code, 0);
    let written = fs::read(folder.path().join("out.safetensors")).expect("a file");
    fails(
        folder.path(),
        line,
        2,
        &["out.safetensors is there already", "--force"],
    );
    fails(
        folder.path(),
        "convert net.safetensors out.pth",
        2,
        &["must end in .safetensors"],
    );
    fails(
        folder.path(),
        "convert missing.pth new.safetensors",
        1,
        &["missing.pth"],
    );
    let spoiled = |spoil: &dyn Fn(&mut TensorFile)| -> Result<()> {
        let mut file = whole.clone();
        spoil(&mut file);
        file.save(&path)
    };
    let nan = || Stored::F32(Tensor::full([16], f32::NAN));
    spoiled(&|file| drop(file.tensors.remove("bn1.weight")))?;
    fails(
        folder.path(),
        &format!("{line} --force"),
        1,
        &["1 missing (bn1.weight)"],
    );
    spoiled(&|file| drop(file.tensors.insert("bn1.weight".into(), nan())))?;
    fails(
        folder.path(),
        &format!("{line} --force"),
        1,
        &["1 not finite (bn1.weight)"],
    );
    spoiled(&|file| drop(file.tensors.insert("bn9.weight".into(), nan())))?;
    fails(
        folder.path(),
        &format!("{line} --force"),
        1,
        &["1 unexpected (bn9.weight)"],
    );
    assert_eq!(
        fs::read(folder.path().join("out.safetensors")).expect("a file"),
        written
    );
    Ok(())
}

/// A table's columns are of limited width, and a name is not to move the cursor.
#[test]
fn inspect_cuts_and_escapes_names() -> Result<()> {
    let folder = folder();
    let long = "x".repeat(70_000);
    let tensors = [long.as_str(), "a\u{1b}[2J"].map(|name| {
        let one = Stored::F32(Tensor::full([1], 1.0));
        (name.to_owned(), one)
    });
    let file = TensorFile {
        tensors: tensors.into(),
        ..TensorFile::default()
    };
    file.save(&folder.path().join("odd.safetensors"))?;
    let ran = run(folder.path(), "inspect odd.safetensors");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.stdout.contains("a\\u{1b}[2J ") && !ran.stdout.contains('\u{1b}'),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.len() < 2000, "{} bytes", ran.stdout.len());
    Ok(())
}
