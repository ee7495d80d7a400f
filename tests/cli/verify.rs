//! `crossmax verify`: that it believes what holds, and nothing else.

use crate::attack::{ATTACK, scene};
use crate::program::{fails, folder, run, weights};
use crossmax::Result;
use crossmax::io::{Stored, TensorFile};
use crossmax::tensor::Tensor;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

#[test]
fn verify_reads_everything_again_and_sees_what_was_changed() -> Result<()> {
    let folder = folder();
    scene(folder.path())?;
    assert_eq!(
        run(
            folder.path(),
            &format!("{ATTACK} --iterations 5 --eps 0.3 --out a")
        )
        .code,
        0
    );
    let ran = run(folder.path(), "verify a");
    assert_eq!(
        (ran.code, ran.stdout.matches("ok    ").count()),
        (0, 8),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let path = folder.path().join("a/adversarial.safetensors");
    let whole = TensorFile::load(&path)?;
    let change = |name: &str, change: &dyn Fn(&mut Vec<f32>)| -> Result<()> {
        let mut file = whole.clone();
        let tensor = file.tensors[name].float::<f32>()?.expect("floats");
        let mut values = tensor.to_vec()?;
        change(&mut values);
        let changed = Tensor::from_slice(*tensor.shape(), &values)?;
        file.tensors.insert(name.into(), Stored::F32(changed));
        file.save(&path)
    };
    let clean = whole.tensors["clean"].float::<f32>()?.expect("floats").to_vec()?;
    type Spoil<'a> = &'a dyn Fn(&mut Vec<f32>);
    let cases: [(&str, Spoil<'_>, &str); 4] = [
        (
            "clean",
            &|values| values[5] = 0.25,
            "the clean images and labels are those of the test set",
        ),
        (
            "images",
            &|values| values[9] = f32::NAN,
            "all pixels are in [0, 1]",
        ),
        ("images", &|values| values[9] = 1.5, "all pixels are in [0, 1]"),
        (
            "images",
            &|values| values[9] = if clean[9] > 0.5 { 0.0 } else { 1.0 },
            "all perturbations are within the bound",
        ),
    ];
    for (name, spoil, told) in cases {
        change(name, spoil)?;
        fails(folder.path(), "verify a", 1, &[told, "do not quote its numbers"]);
    }
    // Images that fool nobody, within the bound.
    change("images", &|values| values.clone_from(&clean))?;
    fails(
        folder.path(),
        "verify a",
        1,
        &["the model says again what the journal says"],
    );
    whole.save(&path)?;
    let mut other = weights(3)?;
    other
        .tensors
        .insert("fc.bias".into(), Stored::F32(Tensor::full([5], 0.5)));
    other.save(&folder.path().join("net.safetensors"))?;
    fails(
        folder.path(),
        "verify a",
        1,
        &["the model's weights are those attacked"],
    );
    fails(
        folder.path(),
        "verify missing",
        1,
        &["expected journal.jsonl or ladder.json"],
    );
    Ok(())
}

/// Changes the lines of the journal in `folder` as `forge` says, which gets every image's line.
fn forge(folder: &Path, forge: &dyn Fn(&mut Value)) {
    let path = folder.join("journal.jsonl");
    let text = fs::read_to_string(&path).expect("a journal");
    let forged = text.lines().enumerate().map(|(number, line)| {
        let mut object: Value = serde_json::from_str(line).expect("JSON");
        if number > 0 {
            forge(&mut object);
        }
        format!("{object}\n")
    });
    fs::write(&path, forged.collect::<String>()).expect("written");
}

#[test]
fn forged_results_are_not_believed() -> Result<()> {
    let folder = folder();
    scene(folder.path())?;
    let line = format!("{ATTACK} --iterations 5 --eps 0.3 --out a");
    assert_eq!(run(folder.path(), &line).code, 0);
    let path = folder.path().join("a");
    let read = |name: &str| fs::read_to_string(path.join(name)).expect("a file");
    let whole = read("journal.jsonl");
    // A better journal, with tables to match.
    type Forgery<'a> = (&'a str, &'a dyn Fn(&mut Value));
    let forgeries: [Forgery<'_>; 6] = [
        ("verdict", &|line| line["broken"] = Value::Null),
        ("class before all attacks", &|line| {
            line["initial_prediction"] = line["label"].clone()
        }),
        ("distance", &|line| line["distance"] = json!(0.25)),
        ("classes on fresh draws", &|line| {
            line["redrawn"] = json!([line["label"]])
        }),
        ("classes of the clean image", &|line| {
            line["clean_redrawn"] = json!([4 - line["label"].as_u64().unwrap_or(0)])
        }),
        ("control with noise", &|line| {
            line["broken_by_noise"] = json!(line["broken_by_noise"] != json!(true))
        }),
    ];
    for (what, forgery) in forgeries {
        forge(&path, forgery);
        let ran = run(folder.path(), "verify a");
        assert!(
            ran.code == 1 && ran.stdout.contains(what),
            "{what}: {}{}",
            ran.stdout,
            ran.stderr
        );
        fs::write(path.join("journal.jsonl"), &whole).expect("written");
    }
    // Better tables than the journal's.
    for (name, from, to) in [
        (
            "attack.json",
            "\"never_broken\": {",
            "\"never_broken\": { \"more\": 1,",
        ),
        ("images.csv", "apgd-ce", "square"),
        (
            "robustbench.json",
            "\"autoattack_acc\": \"",
            "\"autoattack_acc\": \"9",
        ),
    ] {
        let honest = read(name);
        assert!(honest.contains(from), "{name} {honest}");
        fs::write(path.join(name), honest.replace(from, to)).expect("written");
        let told = &["the tables say what the journal says"];
        fails(folder.path(), "verify a", 1, told);
        fs::write(path.join(name), honest).expect("written");
    }
    let images = path.join("adversarial.safetensors");
    let honest = TensorFile::load(&images)?;
    for (name, told) in [
        ("never_broken", "the tables say what the journal says"),
        ("labels", "the clean images and labels are those of the test set"),
    ] {
        let mut file = honest.clone();
        if let Some(Stored::Int(_, values)) = file.tensors.get_mut(name) {
            values[0] = 1 - values[0];
        }
        file.save(&images)?;
        fails(folder.path(), "verify a", 1, &[told]);
    }
    honest.save(&images)?;
    assert_eq!(run(folder.path(), "verify a").code, 0);
    Ok(())
}

#[test]
fn results_that_were_sent_are_verified_with_files_elsewhere() -> Result<()> {
    let folder = folder();
    scene(folder.path())?;
    let line = format!("{ATTACK} --iterations 3 --attacks apgd-ce --out a");
    assert_eq!(run(folder.path(), &line).code, 0);
    let there = folder.path().join("there");
    fs::create_dir(&there).expect("made");
    for name in ["a", "net.safetensors", "test.safetensors"] {
        fs::rename(folder.path().join(name), there.join(name)).expect("moved");
    }
    fails(&there, "verify a", 1, &["net.safetensors"]);
    let ran = run(&there, "verify a --model net.safetensors --data test.safetensors");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    Ok(())
}
