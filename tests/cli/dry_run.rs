//! `replicate --dry-run`: what a run would need, and that nothing is done.

use crate::program::{Ran, fails, folder, names_in, run};
use serde_json::Value;

fn dry(line: &str) -> Ran {
    let folder = folder();
    let ran = run(folder.path(), &format!("replicate --device cpu --dry-run {line}"));
    assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
    assert!(names_in(folder.path()).is_empty(), "{line} wrote something");
    ran
}

fn object(line: &str) -> Value {
    serde_json::from_str(&dry(&format!("{line} --json")).stdout).expect("one JSON object and nothing else")
}

/// What of `name` a run needs, and whether it is there.
fn need<'a>(object: &'a Value, name: &str) -> Option<(&'a str, bool)> {
    let needs = object["needs"].as_array()?;
    let need = needs.iter().find(|need| need["what"] == name)?;
    Some((need["place"].as_str()?, need["present"].as_bool()?))
}

#[test]
fn what_the_papers_own_model_needs_is_told() {
    let text = dry("--preset cifar100 --cache empty").stdout;
    for part in [
        "weights = \"resnet152-v2\"",
        "lr = 0.000033",
        "Memory ",
        "Work (at most)",
        "to fetch  230 MiB from https://download.pytorch.org/models/resnet152-f82ba261.pth into ",
        "to fetch  161 MiB from https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz into ",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let told = object("--preset cifar100 --cache empty");
    assert_eq!(need(&told, "data").map(|(_, there)| there), Some(false));
    assert_eq!(need(&told, "weights").map(|(_, there)| there), Some(false));
    // 24.3 GFLOP a pass, three passes' work a training image, 6 epochs of 50,000, and 10,000 tested.
    let backbone = told["work"]["stages"][0]["flops"].as_f64().expect("a number");
    let pass = backbone / 6.0 / (3.0 * 50_000.0 + 10_000.0);
    assert!((23e9..25e9).contains(&pass), "{pass}");
    let drawn = object("--preset pocket");
    assert_eq!(need(&drawn, "data"), Some(("built in", true)));
    assert_eq!(need(&drawn, "weights"), None);
}

#[test]
fn what_cannot_be_fetched_is_told_with_its_place() {
    let told = dry("--preset cifar100 --cache empty --offline").stdout;
    let line = "missing   put 230 MiB from https://download.pytorch.org/models/resnet152-f82ba261.pth into empty/weights/resnet152-f82ba261.pth";
    assert!(told.contains(line), "{told}");
    let mirrored = dry("--preset cifar100 --cache empty --mirror http://mirror.example/files/").stdout;
    assert!(
        mirrored.contains("from http://mirror.example/files/cifar-100-python.tar.gz into empty/data/"),
        "{mirrored}"
    );
    // What is in the cache folder but is not what was published.
    let folder = folder();
    let weights = folder.path().join("cache/weights/resnet152-f82ba261.pth");
    std::fs::create_dir_all(folder.path().join("cache/weights")).expect("a folder");
    std::fs::write(&weights, "not found").expect("a file");
    let ran = run(
        folder.path(),
        "replicate --device cpu --dry-run --preset cifar100 --cache cache",
    );
    assert!(
        ran.stdout
            .contains("resnet152-f82ba261.pth is not as it was published: remove it"),
        "{}",
        ran.stdout
    );
    fails(
        folder.path(),
        "replicate --device cpu --dry-run --preset cifar100 --cache none --classes 0-9",
        1,
        &["to find the chosen classes", "crossmax fetch cifar100"],
    );
    let digits = dry("--preset mnist --cache empty").stdout;
    assert!(
        digits.contains("train-images-idx3-ubyte.gz or ")
            && digits.contains("t10k-labels-idx1-ubyte.gz into"),
        "{digits}"
    );
    let lost = dry("--preset pocket --weights absent.pth").stdout;
    assert!(lost.contains("missing   no such file or folder"), "{lost}");
}

#[test]
fn flags_reach_the_settings() {
    let line = "--preset mnist --batch auto --micro-batch 4 --adversarial fgsm:8/255 --aggregation median --jitter 2 \
                --input-size 64 --weights my.safetensors";
    let config = &object(line)["config"];
    assert_eq!(config["preset"], "mnist");
    assert_eq!(config["data"]["frame"], 32);
    assert_eq!(config["backbone"]["adversarial"]["attack"], "fgsm");
    assert_eq!(config["backbone"]["adversarial"]["eps"], 8.0 / 255.0);
    let weights = config["backbone"]["weights"].as_str().expect("a path");
    let weights = std::path::Path::new(weights);
    assert!(weights.is_absolute() && weights.ends_with("my.safetensors"));
    assert_eq!(config["backbone"]["micro_batch"], 4);
    let without = object("--preset mnist --weights none");
    assert!(without["config"]["backbone"]["weights"].is_null());
    assert_eq!(config["backbone"]["input_size"], 64);
    assert_eq!(config["method"]["aggregation"], "median");
    assert_eq!(config["method"]["jitter"], 2);
    let batch = config["backbone"]["batch"].as_u64().expect("a number");
    assert!(batch.is_power_of_two() && (8..=512).contains(&batch), "{batch}");
    // Other numbers leave the memory's plan smaller.
    let peak = |line: &str| object(line)["memory"]["stages"][0]["activations"].as_u64();
    assert!(peak("--preset cifar100 --micro-batch 16") < peak("--preset cifar100"));
    assert!(peak("--preset pocket --batch 64") < peak("--preset pocket"));
}

#[test]
fn auto_says_what_decided() {
    let ran = dry("");
    assert!(
        ran.stdout
            .contains("preset: pocket (auto: cifar100 needs a CUDA device)"),
        "{}",
        ran.stdout
    );
}

/// A configuration can be moved with the data beside it.
#[test]
fn paths_in_a_file_are_relative_to_its_folder() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("mine")).expect("a folder");
    let text = "[data]\nsource = \"photos\"\n[backbone]\nweights = \"net.pth\"\n";
    std::fs::write(folder.path().join("mine/run.toml"), text).expect("a file");
    // The shape of the data is not known, so that they are opened: the answer names the place.
    fails(
        folder.path(),
        "replicate --device cpu --dry-run --preset pocket --config mine/run.toml",
        1,
        &["mine/photos"],
    );
    let line = "replicate --device cpu --dry-run --json --preset pocket --config mine/run.toml --data drawn";
    let told: Value = serde_json::from_str(&run(folder.path(), line).stdout).expect("one JSON object");
    let weights = told["config"]["backbone"]["weights"].as_str().expect("a path");
    assert!(weights.ends_with("/mine/net.pth"), "{weights}");
}

#[test]
fn an_automatic_batch_says_what_it_looked_at() {
    let told = dry("--preset pocket --batch auto");
    let all = told.stdout + &told.stderr;
    assert!(all.contains("(auto: every stage fits into the memory)"), "{all}");
}
