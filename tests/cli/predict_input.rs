//! Models and pictures that `predict` cannot use.

use crate::program::{PREDICT, fails, pictures, ready_to_predict, weights, write_png};
use crossmax::Result;
use crossmax::io::Stored;
use crossmax::tensor::Tensor;
use std::fs;
use std::path::Path;

fn refuses(folder: &Path, model_and_images: &str, parts: &[&str]) {
    fails(
        folder,
        &format!("predict {model_and_images} --out y.safetensors"),
        1,
        parts,
    );
    assert!(!folder.join("y.safetensors").exists());
}

#[test]
fn models_that_are_none_are_refused() -> Result<()> {
    let folder = ready_to_predict()?;
    let whole = fs::read(folder.path().join("net.safetensors")).expect("read");
    fs::write(folder.path().join("part.safetensors"), &whole[..whole.len() / 2]).expect("written");
    weights(12)?.save(&folder.path().join("views.safetensors"))?;
    let cases: [(&str, &[&str]); 5] = [
        (
            "absent.safetensors",
            &["absent.safetensors: cannot read the file"],
        ),
        (
            "part.safetensors",
            &["part.safetensors: expected a safetensors file, found "],
        ),
        (
            "x.safetensors",
            &["x.safetensors: expected a ResNet with torchvision's names"],
        ),
        (".", &[".: expected a run directory with config.toml, found none"]),
        (
            "views.safetensors",
            &[
                "expected a network on pictures of 3 channels, found one of 12",
                "give the run directory",
            ],
        ),
    ];
    for (model, parts) in cases {
        refuses(folder.path(), &format!("{model} x.safetensors"), parts);
    }
    let line = format!("{PREDICT} --member ensemble");
    fails(folder.path(), &line, 2, &["a weights file has only its backbone"]);
    Ok(())
}

#[test]
fn weights_that_do_not_fit_are_listed() -> Result<()> {
    let folder = ready_to_predict()?;
    let cases: [(&str, Option<Stored>, &str); 4] = [
        (
            "bn1.bias",
            Some(Stored::F32(Tensor::full([16], f32::NAN))),
            "1 not finite (bn1.bias)",
        ),
        (
            "bn1.bias",
            Some(Stored::F32(Tensor::zeros([17]))),
            "1 of another shape (bn1.bias is [17], needed [16])",
        ),
        ("fc.bias", None, "1 missing (fc.bias)"),
        (
            "fc.more",
            Some(Stored::F32(Tensor::zeros([1]))),
            "1 unexpected (fc.more)",
        ),
    ];
    for (name, tensor, found) in cases {
        let mut file = weights(3)?;
        match tensor {
            Some(tensor) => file.tensors.insert(name.to_owned(), tensor),
            None => file.tensors.remove(name),
        };
        file.save(&folder.path().join("edited.safetensors"))?;
        let expected = "edited.safetensors: expected the tensors of this architecture, found ";
        refuses(
            folder.path(),
            "edited.safetensors x.safetensors",
            &[expected, found],
        );
    }
    Ok(())
}

#[test]
fn pictures_that_do_not_fit_are_refused() -> Result<()> {
    let folder = ready_to_predict()?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("mixed")).expect("made");
    write_png(&at("mixed/a.png"), 4);
    write_png(&at("mixed/b.png"), 5);
    pictures(2, Some(vec![0, 5])).save(&at("labelled.safetensors"))?;
    let cases: [(&str, &[&str]); 5] = [
        ("absent", &["absent: cannot read the file"]),
        (
            "net.safetensors",
            &["net.safetensors: expected a tensor `images` (N,3,H,W)"],
        ),
        (
            "mixed",
            &["mixed/b.png: expected 4×4 pixels as mixed/a.png, found 5×5"],
        ),
        (
            "labelled.safetensors",
            &["labelled.safetensors: expected labels below 5", "found 5"],
        ),
        (
            "x.safetensors --std 1,0,1",
            &["`std` is 0, expected positive numbers"],
        ),
    ];
    for (images, parts) in cases {
        refuses(folder.path(), &format!("net.safetensors {images}"), parts);
    }
    let line = "predict net.safetensors x.safetensors --out no/y";
    fails(folder.path(), line, 1, &["no/y: expected a file to write"]);
    Ok(())
}
