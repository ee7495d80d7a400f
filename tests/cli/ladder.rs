//! `crossmax ladder` on a tiny run: what it writes, that it goes on, and that `verify` reads it again.

use crate::program::{command, fails, folder, names_in, run, tiny_run};
use crossmax::Result;
use crossmax::io::{Stored, TensorFile};
use crossmax::tensor::Tensor;
use std::fs;
use std::time::{Duration, Instant};

const LADDER: &str = "ladder r --first 2 --images 3 --iterations 2 --eot 1 --surrogate-eot 1 --most-eot 2 --restarts 1 --selection 2 \
                      --redraws 2 --block 2 --save-every 0";

#[test]
fn a_ladder_tells_all_rungs_goes_on_and_is_verified() -> Result<()> {
    let folder = folder();
    tiny_run(folder.path());
    let ran = run(folder.path(), &format!("{LADDER} --out a"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for part in [
        "autoattack-rand",
        "43.75 / 62.50 (n = 32)",
        "– / 14.00",
        "members/layer-7",
        "restarts/0",
        "AutoAttack rand leaves",
        "written to a",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} in {}", ran.stdout);
    }
    let path = folder.path().join("a");
    let read = |folder: &str, name: &str| fs::read(path.with_file_name(folder).join(name)).expect("a file");
    let told: serde_json::Value = serde_json::from_slice(&read("a", "ladder.json")).expect("JSON");
    assert_eq!(told["ladder"]["rungs"].as_array().map(Vec::len), Some(7));
    assert_eq!(told["ladder"]["published"][0]["redrawn"], 62.5);
    let largest = told["largest_perturbation"].as_f64();
    assert!(
        largest.is_some_and(|largest| largest > 0.03),
        "the test shows little"
    );
    let csv = String::from_utf8(read("a", "ladder.csv")).expect("text");
    assert_eq!(csv.lines().count(), 4, "{csv}");
    let page = String::from_utf8(read("a", "report.html")).expect("text");
    assert!(
        page.contains("62.50\u{202f}%")
            && page.contains("warm-start")
            && page.contains("AutoAttack rand leaves")
    );
    // The same by another name, with the defaults of that one.
    let line = "attack r --ladder --images 3 --iterations 1 --eot 1 --restarts 1 --redraws 2 --out c";
    let ran = run(folder.path(), line);
    assert!(ran.code == 0 && ran.stdout.contains("eot-100"), "{}", ran.stderr);
    fails(
        folder.path(),
        &format!("{line} --norm L2"),
        2,
        &["cannot be used with"],
    );
    fails(folder.path(), &format!("{line} --eps 2"), 1, &["`eps` is 2"]);
    // The same again reads everything; killed, it goes on to the same bits.
    let again = run(folder.path(), &format!("{LADDER} --out a"));
    assert!(again.stdout.contains("restarts: done before"), "{}", again.stdout);
    let mut process = command(folder.path(), &format!("{LADDER} --out b"))
        .spawn()
        .expect("a process");
    let begun = Instant::now();
    let searches = folder.path().join("b/searches");
    while fs::read_dir(&searches).map_or(0, Iterator::count) < 3 && begun.elapsed() < Duration::from_secs(60)
    {
        std::thread::sleep(Duration::from_millis(1));
    }
    process.kill().expect("killed");
    process.wait().expect("ended");
    assert!(
        !folder.path().join("b/ladder.json").exists(),
        "the test shows little"
    );
    assert_eq!(run(folder.path(), &format!("{LADDER} --out b")).code, 0);
    for name in names_in(&path).iter().filter(|name| name.contains('.')) {
        assert!(read("a", name) == read("b", name), "{name}");
    }
    let another = &["of this ladder, found that of another one"];
    fails(folder.path(), &format!("{LADDER} --out a --eps 0.1"), 1, another);
    // A folder of a version that kept no margins is refused.
    let search = searches.join("autoattack-rand.autoattack.safetensors");
    let mut file = TensorFile::load(&search)?;
    assert!(file.tensors.remove("margin_on_selection").is_some());
    file.save(&search)?;
    let earlier = &["that of an earlier version, without margins", "another --out"];
    fails(folder.path(), &format!("{LADDER} --out b"), 1, earlier);

    let ran = run(folder.path(), "verify a");
    assert_eq!(
        (ran.code, ran.stdout.matches("ok    ").count()),
        (0, 9),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    // Better scores than the images have, in all places that tell them.
    let path_of_json = path.join("ladder.json");
    let mut forged = told.clone();
    let last = forged["ladder"]["rungs"]
        .as_array_mut()
        .and_then(|rungs| rungs.last_mut());
    let union = &mut last.expect("a rung")["union"];
    union["mean"]["fraction"] = 1.0.into();
    union["right_counts"] = serde_json::json!([2, 2, 2]);
    forged["redrawn"]["mean"] = 1.0.into();
    fs::write(&path_of_json, forged.to_string()).expect("written");
    fails(
        folder.path(),
        "verify a",
        1,
        &["the scores over fresh draws are those written down"],
    );
    fs::write(&path_of_json, read("b", "ladder.json")).expect("written");
    // An image moved by more than the radius.
    let images = path.join("adversarial.safetensors");
    let mut file = TensorFile::load(&images)?;
    if let Some(Stored::F32(tensor)) = file.tensors.get_mut("images") {
        let moved = |value: f32| if value > 0.5 { value - 0.2 } else { value + 0.2 };
        let values: Vec<f32> = tensor.to_vec()?.into_iter().map(moved).collect();
        *tensor = Tensor::from_slice(*tensor.shape(), &values)?;
    }
    file.save(&images)?;
    let bound = &["all perturbations are within the bound"];
    fails(folder.path(), "verify a", 1, bound);
    Ok(())
}

#[test]
fn what_makes_no_ladder_is_one_line() {
    let folder = folder();
    for (line, code, part) in [
        ("ladder r.pth --out b", 2, "a ladder needs a run directory"),
        ("ladder r", 2, "--out"),
        ("ladder r --out b --rungs high", 2, "unknown rung `high`"),
        ("ladder r --out b --iterations 0", 2, "0 is not in 1..=10000"),
    ] {
        fails(folder.path(), line, code, &[part]);
    }
}
