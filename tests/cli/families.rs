//! The commands on a checkpoint with pre-activation that PyTorch wrote.

use crate::program::{fails, folder, pictures, run};
use crossmax::Result;
use crossmax::io::TensorFile;
use std::path::Path;

/// A narrow wide ResNet with colours and an unused block; see `tests/reference/README.md`.
fn checkpoint() -> String {
    format!(
        "{}/tests/fixtures/families/checkpoint.pth",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn logits(folder: &Path, name: &str) -> Result<Vec<f32>> {
    let file = TensorFile::load(&folder.join(name))?;
    let logits = file.tensors["logits"].float::<f32>()?;
    logits.expect("numbers").to_vec()
}

#[test]
fn inspect_names_the_family_and_convert_keeps_it() -> Result<()> {
    let folder = folder();
    let ran = run(folder.path(), &format!("inspect {} --brief", checkpoint()));
    for part in [
        "RobustBench's names",
        "are not the network's own",
        "network: pre-activation ResNet of [1, 1, 1] basic blocks of widths 4, [4, 8, 12], 3 input channels, 10 classes: \
         every tensor fits",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} in {}", ran.stdout);
    }
    let ran = run(
        folder.path(),
        &format!("convert {} net.safetensors", checkpoint()),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    pictures(2, None).save(&folder.path().join("x.safetensors"))?;
    for (weights, out) in [
        (checkpoint(), "a.safetensors"),
        ("net.safetensors".into(), "b.safetensors"),
    ] {
        let ran = run(
            folder.path(),
            &format!("predict {weights} x.safetensors --out {out}"),
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let converted = logits(folder.path(), "b.safetensors")?;
    assert_eq!(logits(folder.path(), "a.safetensors")?, converted);
    // The file's own colours are what is used unless something is said.
    let line =
        "predict net.safetensors x.safetensors --mean 0.5,0.4,0.3 --std 0.25,0.2,0.3 --out c.safetensors";
    assert_eq!(run(folder.path(), line).code, 0);
    assert_eq!(logits(folder.path(), "c.safetensors")?, converted);
    let line = "predict net.safetensors x.safetensors --activation silu --out d.safetensors";
    assert_eq!(run(folder.path(), line).code, 0);
    assert_ne!(logits(folder.path(), "d.safetensors")?, converted);
    Ok(())
}

#[test]
fn attack_takes_the_family_and_checks_its_classes() -> Result<()> {
    let folder = folder();
    pictures(3, Some(vec![1, 2, 3])).save(&folder.path().join("x.safetensors"))?;
    let line = format!(
        "attack {} --data x.safetensors --out a --iterations 3",
        checkpoint()
    );
    let wrong = ["expected a model of 100 classes", "found 10"];
    fails(folder.path(), &format!("{line} --classes 100"), 1, &wrong);
    fails(
        folder.path(),
        &format!("{line} --stem cifar"),
        2,
        &["a stem was told"],
    );
    fails(
        folder.path(),
        &format!("{line} --activation tanh"),
        2,
        &["expected relu or silu"],
    );
    let ran = run(
        folder.path(),
        &format!("{line} --classes 10 --attacks apgd-ce --eps 8/255"),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("written to a"), "{}", ran.stdout);
    let ran = run(folder.path(), "verify a");
    assert_eq!(ran.code, 0, "{} {}", ran.stdout, ran.stderr);
    Ok(())
}
