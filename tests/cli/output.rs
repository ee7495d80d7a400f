//! Where text goes, and what happens when it cannot.

use crate::program::{PREDICT, command, fails, pictures, ready_to_predict, run};
use crossmax::Result;
use serde_json::Value;
use std::fs;
use std::process::Stdio;

#[test]
fn json_has_standard_output_for_itself() -> Result<()> {
    let folder = ready_to_predict()?;
    pictures(2, Some(vec![0, 4])).save(&folder.path().join("x.safetensors"))?;
    let ran = run(folder.path(), &format!("{PREDICT} --json"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let object: Value = serde_json::from_str(&ran.stdout).expect("one JSON object and nothing else");
    let expected = (&2.into(), &5.into(), &"backbone".into());
    assert_eq!(
        (&object["images"], &object["classes"], &object["member"]),
        expected
    );
    let predictions = object["predictions"].as_array().expect("a list");
    let right = predictions.iter().filter(|p| p["class"] == p["label"]).count();
    assert_eq!(object["accuracy"].as_f64(), Some(right as f64 / 2.0));
    let told = format!("top-1 accuracy {:.2} % ({right} of 2)", 50.0 * right as f64);
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    // Without --json the text is the output.
    let plain = run(folder.path(), PREDICT);
    assert!(
        plain.stdout.contains(&told) && !plain.stderr.contains(&told),
        "{}",
        plain.stdout
    );
    // A failure prints no half of an object.
    let failed = run(folder.path(), "predict absent x.safetensors --out y --json");
    assert_eq!((failed.code, failed.stdout.as_str()), (1, ""));
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Result<()> {
    let folder = ready_to_predict()?;
    for line in ["--help", PREDICT] {
        let mut child = command(folder.path(), line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), told.contains("panicked")),
            (Some(0), false),
            "{line}: {told}"
        );
    }
    assert!(folder.path().join("y.safetensors").is_file());
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() -> Result<()> {
    let folder = ready_to_predict()?;
    let full = fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("the device");
    let output = command(folder.path(), PREDICT)
        .stdout(full)
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("crossmax: error: standard output: cannot write: "),
        "{told}"
    );
    Ok(())
}

#[test]
fn a_folder_that_must_not_be_written_to_is_named() -> Result<()> {
    let folder = ready_to_predict()?;
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).expect("made");
    let mut permissions = fs::metadata(&locked).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&locked, permissions).expect("set");
    if fs::write(locked.join("probe"), "").is_ok() {
        // The administrator may write anywhere; only a pseudo file system refuses even that.
        #[cfg(target_os = "linux")]
        fails(
            folder.path(),
            "replicate --out /proc/crossmax --train-images 4",
            1,
            &["/proc/crossmax"],
        );
        return Ok(());
    }
    fails(
        folder.path(),
        "replicate --out locked/run --train-images 4",
        1,
        &["locked/run", "cannot"],
    );
    let predict = "predict net.safetensors x.safetensors --out locked/y.safetensors";
    fails(
        folder.path(),
        predict,
        1,
        &["locked/y.safetensors: cannot write the file"],
    );
    Ok(())
}
