//! `crossmax attack`: what it writes, that it goes on, and what it refuses.

use crate::program::{command, fails, folder, names_in, run, weights};
use crossmax::Result;
use crossmax::io::{Stored, TensorFile};
use crossmax::tensor::{Counter, Philox, Purpose, Shape, Tensor};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

/// A network, and eight images with the labels it gives them but for one.
pub fn scene(folder: &Path) -> Result<()> {
    weights(3)?.save(&folder.join("net.safetensors"))?;
    let values: Vec<f32> = Philox::new(1, Purpose::Test).uniform(Counter::default(), 8 * 3 * 16 * 16);
    let images = Tensor::from_slice([8, 3, 16, 16], &values)?;
    let save = |labels: Option<Vec<i64>>| -> Result<()> {
        let mut tensors = BTreeMap::from([("images".to_owned(), Stored::F32(images.clone()))]);
        if let Some(labels) = labels {
            tensors.insert("labels".into(), Stored::Int(Shape::new(&[8]), labels));
        }
        TensorFile {
            tensors,
            ..TensorFile::default()
        }
        .save(&folder.join("test.safetensors"))
    };
    save(None)?;
    let line = "predict net.safetensors test.safetensors --stem cifar --out p.safetensors --json";
    let told: serde_json::Value = serde_json::from_str(&run(folder, line).stdout).expect("JSON");
    let classes = told["predictions"].as_array().expect("predictions").iter();
    let mut labels: Vec<i64> = classes.map(|p| p["class"].as_i64().expect("a class")).collect();
    labels[2] = (labels[2] + 1) % 5;
    save(Some(labels))
}

/// An attack on them, without its folder.
pub const ATTACK: &str = "attack net.safetensors --data test.safetensors --stem cifar --queries 30 --targets 2 \
                      --block 2";

#[test]
fn results_are_told_and_written() -> Result<()> {
    let folder = folder();
    scene(folder.path())?;
    let ran = run(
        folder.path(),
        &format!("{ATTACK} --iterations 5 --eps 0.3 --out a"),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for part in [
        "apgd-ce, apgd-t, fab-t, square",
        "at most ",
        "never broken",
        "re-drawn once",
        "random noise of size ε",
        "vote of 10 draws",
        "87.50 %",
        "written to a",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} in {}", ran.stdout);
    }
    let files = [
        "adversarial.safetensors",
        "attack.json",
        "images.csv",
        "journal.jsonl",
        "report.html",
        "robustbench.json",
        "run.lock",
    ];
    assert_eq!(names_in(&folder.path().join("a")), files);
    let csv = fs::read_to_string(folder.path().join("a/images.csv")).expect("a file");
    assert_eq!(csv.lines().count(), 9);
    // The third image was wrong from the start and stays as it was.
    assert!(
        csv.lines()
            .nth(3)
            .is_some_and(|line| line.starts_with("2,2,") && line.ends_with(",,,,0,0,0,0,")),
        "{csv}"
    );
    let file = TensorFile::load(&folder.path().join("a/adversarial.safetensors"))?;
    let values = |name: &str| file.tensors[name].float::<f32>().map(|t| t.map(|t| t.to_vec()));
    let (clean, found) = (
        values("clean")?.expect("floats")?,
        values("images")?.expect("floats")?,
    );
    let largest = clean
        .iter()
        .zip(&found)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(largest > 0.0 && largest <= 0.3 + 1e-6, "{largest}");
    let json = fs::read_to_string(folder.path().join("a/attack.json")).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["images"], &json["random"]), (&8.into(), &false.into()));
    // One page for people, which asks for nothing else.
    let page = fs::read_to_string(folder.path().join("a/report.html")).expect("a file");
    for part in [
        "Five ways to count",
        "n\u{a0}=\u{a0}8",
        "random noise of size ε",
        "left after fab-t",
        "weights_sha256",
        "data:image/png",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    // Other norms, chosen attacks, the reference's faults.
    let line = format!(
        "{ATTACK} --iterations 5 --norm L2 --eps 0.05 --attacks square,apgd-ce --compat autoattack --out b --json"
    );
    let ran = run(folder.path(), &line);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(
        json["config"]["attacks"],
        serde_json::json!(["square", "apgd-ce"])
    );
    assert!(json["largest_perturbation"].as_f64().is_some_and(|d| d <= 0.0501));
    // Both on one page.
    assert_eq!(run(folder.path(), "report a b --out both.html").code, 0);
    let both = fs::read_to_string(folder.path().join("both.html")).expect("a file");
    assert!(both.contains("L2 0.05000") && both.contains("Linf 0.30000"));
    fails(folder.path(), "report missing", 1, &["missing"]);
    fails(folder.path(), "report .", 1, &["journal.jsonl"]);
    Ok(())
}

/// The bytes of all files of `folder`.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(folder.join(&name)).expect("a file");
        (name, bytes)
    };
    names_in(folder).into_iter().map(read).collect()
}

#[test]
fn an_attack_killed_at_twenty_moments_leaves_the_same_journal() -> Result<()> {
    let folder = folder();
    scene(folder.path())?;
    let line = format!("{ATTACK} --iterations 25 --save-every 0");
    let begun = Instant::now();
    assert_eq!(run(folder.path(), &format!("{line} --out whole")).code, 0);
    let whole = begun.elapsed();
    let moments: Vec<f32> = Philox::new(20, Purpose::Test).uniform(Counter::default(), 60);
    let path = folder.path().join("killed");
    let mut kills = 0;
    for moment in moments {
        let mut process = command(folder.path(), &format!("{line} --out killed"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        // So early that the attack needs several of them.
        std::thread::sleep(whole.mul_f32(0.5 * moment));
        process.kill().expect("killed");
        process.wait().expect("ended");
        if path.join("report.html").exists() {
            assert!(contents(&path) == contents(&folder.path().join("whole")));
            fs::remove_dir_all(&path).expect("removed");
        } else {
            kills += 1;
        }
        if kills == 20 {
            break;
        }
    }
    assert_eq!(kills, 20);
    let ran = run(folder.path(), &format!("{line} --out killed"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let [killed, whole] = ["killed", "whole"].map(|name| contents(&folder.path().join(name)));
    for (a, b) in killed.iter().zip(&whole) {
        assert!(a == b, "{} and {}", a.0, b.0);
    }
    assert_eq!(killed.len(), whole.len());
    Ok(())
}

#[test]
fn shards_merged_are_one_attack() -> Result<()> {
    let folder = folder();
    scene(folder.path())?;
    let line = format!("{ATTACK} --iterations 5 --eps 0.3 --order stratified --min-eps 3 --npz");
    let attack = |out: &str| run(folder.path(), &format!("{line} --out {out}")).code;
    assert_eq!(
        (
            attack("whole"),
            attack("one --shard 1/2"),
            attack("zero --shard 0/2 --threads 1")
        ),
        (0, 0, 0)
    );
    let ran = run(folder.path(), "merge one zero --out merged --npz");
    assert!(
        ran.code == 0 && ran.stdout.contains("median of the smallest bounds"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let [merged, whole] = ["merged", "whole"].map(|name| contents(&folder.path().join(name)));
    assert!(merged == whole && whole.iter().any(|(name, _)| name == "adversarial.npz"));
    // All of them can be checked.
    for out in ["merged", "one"] {
        let ran = run(folder.path(), &format!("verify {out}"));
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    // A shard that has no image is done.
    let ran = run(
        folder.path(),
        &format!("{line} --images 4 --out none --shard 5/8"),
    );
    assert!(
        ran.code == 0 && ran.stdout.contains("no image to attack") && !folder.path().join("none").exists(),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    // The whole is written beside the shards.
    fails(
        folder.path(),
        "merge one zero --out one",
        2,
        &["a shard is in that folder"],
    );
    fails(
        folder.path(),
        "merge one --out merged",
        1,
        &["none with shard 0/2"],
    );
    fails(
        folder.path(),
        "merge one zero missing --out merged",
        1,
        &["missing"],
    );
    fails(
        folder.path(),
        &format!("{line} --out a --shard 2/2"),
        2,
        &["expected 0/2 to 1/2"],
    );
    fails(
        folder.path(),
        &format!("{line} --out a --shard 0/2 --until-ci 5%"),
        2,
        &["cannot be used with"],
    );
    fails(
        folder.path(),
        &format!("{line} --out a --until-ci 200%"),
        2,
        &["2% or 0.02"],
    );
    // Enough images for a wide interval.
    let ran = run(
        folder.path(),
        &format!("{line} --out until --until-ci 30% --json"),
    );
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(
        json["images"].as_u64().is_some_and(|n| (2..8).contains(&n)),
        "{}",
        json["images"]
    );
    assert_eq!(run(folder.path(), "verify until").code, 0);
    Ok(())
}

#[test]
fn what_cannot_be_attacked_is_one_line() -> Result<()> {
    let folder = folder();
    scene(folder.path())?;
    let cases = [
        ("attack net.safetensors --out a", 2, "--data is needed"),
        ("attack net.safetensors --data test.safetensors", 2, "--out"),
        (
            "attack net.safetensors --data test.safetensors --out a --norm L3",
            2,
            "unknown norm `L3`",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --version fast",
            2,
            "expected standard, plus, rand or custom",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --attacks pgd",
            2,
            "unknown attack `pgd`",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --first 8",
            2,
            "there are 8 images",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --eps 2",
            2,
            "expected 0 to 1 for Linf",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --version custom",
            2,
            "needs the attacks",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --attacks square,fab,square",
            2,
            "names square twice",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --sub-batch 0",
            2,
            "at least 1",
        ),
        (
            "attack net.safetensors --data test.safetensors --out a --member layer:3",
            2,
            "give a run directory",
        ),
        (
            "attack missing.pth --data test.safetensors --out a",
            1,
            "missing.pth",
        ),
        ("attack net.safetensors --data missing --out a", 1, "missing"),
    ];
    for (line, code, part) in cases {
        fails(folder.path(), line, code, &[part]);
    }
    // Another seed is another attack.
    assert_eq!(
        run(folder.path(), &format!("{ATTACK} --attacks apgd-ce --out a")).code,
        0
    );
    let other = format!("{ATTACK} --attacks apgd-ce --out a --seed 7");
    fails(
        folder.path(),
        &other,
        1,
        &["that of another one", "choose another folder"],
    );
    let other = format!("{ATTACK} --attacks apgd-dlr --out a");
    fails(folder.path(), &other, 1, &["settings of the attacks"]);
    let other = format!("{ATTACK} --attacks apgd-ce --out a --images 4");
    fails(folder.path(), &other, 1, &["that of another one"]);
    Ok(())
}
