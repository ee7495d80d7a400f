//! What `crossmax bench` prints, and what it refuses.

use crate::program::{fails, folder, run};
use serde_json::{Value, json};

#[test]
fn a_measurement_is_one_json_object() {
    let folder = folder();
    for mode in ["forward", "attack", "train"] {
        let line =
            format!("bench --model pocket --mode {mode} --batch 2 --size 24 --steps 3 --device cpu --json");
        let ran = run(folder.path(), &line);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let object: Value = serde_json::from_str(&ran.stdout).expect("one JSON object and nothing else");
        let number = |name: &str| object[name].as_f64().unwrap_or(f64::NAN);
        let told = ["model", "mode", "batch", "size", "device"].map(|name| object[name].clone());
        assert_eq!(
            told.to_vec(),
            [json!("pocket"), json!(mode), json!(2), json!(24), json!("cpu")]
        );
        assert_eq!(object["seconds_of_steps"].as_array().map(Vec::len), Some(3));
        let relations = [
            (number("images_per_second"), 2.0 / number("seconds")),
            (
                number("share_of_ceiling"),
                number("gflops") / number("ceiling_gflops"),
            ),
        ];
        for (found, expected) in relations {
            assert!(
                found > 0.0 && (found / expected - 1.0).abs() < 1e-9,
                "{}",
                ran.stdout
            );
        }
    }
}

#[test]
fn without_json_a_line_tells_it() {
    let ran = run(folder().path(), "bench --batch 1 --steps 1 --device cpu");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for part in [
        "Pocket Attack, batch 1, cpu: ",
        " images/s",
        " ms a step",
        " GFLOP/s",
        "peak memory ",
    ] {
        assert!(ran.stdout.contains(part), "{} lacks {part:?}", ran.stdout);
    }
}

#[test]
fn help_names_models_and_modes() {
    let ran = run(folder().path(), "bench --help");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for part in [
        "resnet152",
        "resnet20",
        "pocket",
        "forward",
        "attack",
        "train",
        "crossmax bench --model",
    ] {
        assert!(ran.stdout.contains(part), "no {part} in {}", ran.stdout);
    }
}

#[test]
fn wrong_flags_end_with_2() {
    let folder = folder();
    let cases = [
        ("bench --model resnet9", "invalid value 'resnet9' for '--model"),
        ("bench --mode sleep", "invalid value 'sleep' for '--mode"),
        ("bench --batch 0", "invalid value '0' for '--batch"),
        ("bench --size 7", "invalid value '7' for '--size"),
        ("bench --steps 0", "invalid value '0' for '--steps"),
        ("bench --steps", "a value is required for '--steps"),
        ("bench 152", "unexpected argument '152' found"),
    ];
    for (line, told) in cases {
        fails(folder.path(), line, 2, &[told]);
    }
}
