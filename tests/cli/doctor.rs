//! `crossmax doctor` tells what is there, and ends well whatever that is.

use crate::program::{Ran, command, folder, names_in, run};
use crossmax::device::{cuda, nvrtc};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// `crossmax doctor` with this folder for caches.
fn doctor(caches: &Path, flags: &str) -> Ran {
    let mut command = command(Path::new("."), &format!("doctor {flags}"));
    let output = command.env("CROSSMAX_CACHE", caches).output();
    let output = output.expect("the program starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The line on `what`.
fn line<'a>(ran: &'a Ran, what: &str) -> &'a str {
    let of = |line: &&str| {
        let text = line.split_once(']').map(|(_, text)| text.trim_start());
        text.is_some_and(|text| text.starts_with(what))
    };
    let found = ran.stdout.lines().find(of);
    found.unwrap_or_else(|| panic!("nothing on {what}: {}", ran.stdout))
}

#[test]
fn it_lists_what_is_there() {
    let caches = folder();
    let ran = doctor(caches.path(), "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for (what, part) in [
        ("crossmax", env!("CARGO_PKG_VERSION")),
        ("system", std::env::consts::OS),
        ("cpu", "threads"),
        ("memory", ""),
        ("kernel cache", "0 files, 0 bytes, can be written"),
    ] {
        let line = line(&ran, what);
        assert!(line.starts_with("[found]") && line.contains(part), "{line}");
    }
}

#[test]
fn it_says_what_is_missing_and_what_to_do() {
    let caches = folder();
    let ran = doctor(caches.path(), "");
    let told = &ran.stdout;
    let (_, advice) = told.split_once("\n\n").expect("an end");
    for (what, is_present, remedy) in [
        ("driver", cuda::is_present(), "install NVIDIA's driver"),
        ("nvrtc", nvrtc::is_present(), "nvidia-cuda-nvrtc"),
    ] {
        let mark = if is_present { "[found]" } else { "[missing]" };
        assert!(line(&ran, what).starts_with(mark), "{told}");
        let is_told = advice.contains(&format!("  {what}: ")) && advice.contains(remedy);
        assert_eq!(is_told, !is_present, "{told}");
    }
    if !cuda::is_present() {
        assert!(line(&ran, "gpu").starts_with("[missing]"), "{told}");
        assert!(
            advice.contains("  gpu: use a machine with an NVIDIA GPU"),
            "{told}"
        );
        assert!(
            advice.ends_with("Everything runs on the CPU without these.\n"),
            "{told}"
        );
    }
}

#[test]
fn for_programs_it_is_one_object() {
    let caches = folder();
    let kernels = caches.path().join("kernels");
    fs::create_dir(&kernels).expect("made");
    fs::write(kernels.join("a.cubin"), [0; 5]).expect("written");
    let ran = doctor(caches.path(), "--json");
    assert_eq!(ran.code, 0);
    let object: Value = serde_json::from_str(&ran.stdout).expect("one object");
    assert_eq!(object["version"], env!("CARGO_PKG_VERSION"));
    let findings = object["findings"].as_array().expect("a list");
    let finding = |what: &str| {
        let found = findings.iter().find(|finding| finding["what"] == what);
        found.unwrap_or_else(|| panic!("nothing on {what}: {object}"))
    };
    assert!(finding("cpu")["details"]["threads"].as_u64() >= Some(1));
    let cache = &finding("kernel cache")["details"];
    assert_eq!(
        (&cache["files"], &cache["bytes"]),
        (&Value::from(1), &Value::from(5))
    );
    assert_eq!(finding("driver")["found"], cuda::is_present());
    assert_eq!(finding("nvrtc")["found"], nvrtc::is_present());
    let missing = object["missing"].as_array().expect("a list");
    let with_advice = findings.iter().filter(|finding| !finding["advice"].is_null());
    assert_eq!(missing.len(), with_advice.count());
    assert_eq!(names_in(&kernels), ["a.cubin"]);
}

#[test]
fn trouble_is_told_and_is_no_failure() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").expect("written");
    let ran = doctor(&file, "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(
        line(&ran, "kernel cache").starts_with("[missing]"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("  kernel cache: set CROSSMAX_CACHE"),
        "{}",
        ran.stdout
    );
    let ran = doctor(Path::new(""), "");
    assert!(line(&ran, "kernel cache").contains("no folder"), "{}", ran.stdout);
    // A device that is not there is what it is asked about.
    assert_eq!(run(folder.path(), "doctor --device cuda:77").code, 0);
}
