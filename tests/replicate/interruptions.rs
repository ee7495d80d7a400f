//! A run that is killed or stopped, and goes on to the bits of one that never was.

use super::Checked;
use super::directory::{assert_same, contents, copy};
use super::photos::Layout;
use super::process::{replicate, wait_for};
use super::settings::{run_with_threads, shrunken};
use crossmax::replicate::Config;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An uninterrupted run, and what another needs to be the same.
struct Reference {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Reference {
    fn new() -> Checked<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("photos");
        Layout::Cifar10.write(&data, 240, 60)?;
        let settings: Config = shrunken(&data.display().to_string());
        run_with_threads(&settings, &folder.path().join("uninterrupted"), 1)?;
        let config = folder.path().join("settings.toml");
        std::fs::write(&config, settings.to_toml()?)?;
        Ok(Self { folder, config })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new run in `out`.
    fn start(&self, out: &Path) -> Command {
        replicate(&[
            "--config",
            &self.config.to_string_lossy(),
            "--out",
            &out.to_string_lossy(),
        ])
    }

    fn assert_same(&self, what: &str, out: &Path) -> Checked {
        assert_same(
            what,
            &contents(out)?,
            &contents(&self.path("uninterrupted"))?,
            &[],
        );
        Ok(())
    }
}

fn resume(out: &Path) -> Command {
    replicate(&["--resume", &out.to_string_lossy()])
}

/// Moments so early that the run cannot end before the kill comes.
const EARLY: usize = 5;

/// The file whose appearance says when to kill, and what the run is doing then.
const MOMENTS: [(&str, &str); 8] = [
    ("checkpoints/backbone.safetensors", "training the backbone"),
    ("checkpoints/head-4.done.json", "training heads"),
    ("checkpoints/head-2.safetensors", "finishing the heads"),
    ("checkpoints/baseline.safetensors", "training the baseline"),
    ("attack/state.safetensors", "attacking the ensemble"),
    ("attack/surrogate.safetensors", "attacking the surrogate"),
    ("attack/baseline.safetensors", "attacking the baseline"),
    ("figures/views.png", "drawing the figures"),
];

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bits() -> Checked {
    let reference = Reference::new()?;
    let out = reference.path("killed");
    for (i, (file, doing)) in MOMENTS.into_iter().enumerate() {
        let mut process = if i == 0 {
            reference.start(&out)
        } else {
            resume(&out)
        }
        .spawn()?;
        assert!(wait_for(&out.join(file), &mut process)?, "{file} never appeared");
        process.kill()?;
        let status = process.wait()?;
        assert!(
            status.code().is_none() || i >= EARLY,
            "ended before it was killed {doing}"
        );
    }
    // What a process leaves that is killed while it writes.
    for folder in ["", "checkpoints", "attack", "figures"] {
        std::fs::write(out.join(folder).join(".crossmax-half.tmp"), "half a file")?;
    }
    let ended = resume(&out).output()?;
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    reference.assert_same("killed", &out)?;

    // A finished run that is resumed only tells its result again.
    assert!(resume(&out).output()?.status.success());
    reference.assert_same("resumed when finished", &out)
}

#[test]
fn a_run_that_is_interrupted_says_how_to_go_on() -> Checked {
    let reference = Reference::new()?;
    let out = reference.path("interrupted");
    let mut process = reference.start(&out).spawn()?;
    assert!(wait_for(
        &out.join("checkpoints/backbone.safetensors"),
        &mut process
    )?);
    let signalled = Command::new("kill")
        .args(["-INT", &process.id().to_string()])
        .status()?;
    assert!(signalled.success());
    let ended = process.wait_with_output()?;
    assert_eq!(ended.status.code(), Some(130));
    let text = String::from_utf8(ended.stderr)?;
    let advice = format!(
        "interrupted; go on with: crossmax replicate --resume {}",
        out.display()
    );
    assert!(text.trim_end().ends_with(&advice), "{text}");
    assert!(!out.join("summary.json").exists());

    let ended = resume(&out).output()?;
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    reference.assert_same("interrupted", &out)
}

#[test]
fn a_finished_run_that_has_lost_files_makes_them_again() -> Checked {
    let reference = Reference::new()?;
    let out = reference.path("lost");
    copy(&reference.path("uninterrupted"), &out)?;
    for file in [
        "backbone.safetensors",
        "heads.safetensors",
        "checkpoints/head-4.safetensors",
        "baseline.safetensors",
        "checkpoints/clean-accuracy.done.json",
        "attack/adversarial.safetensors",
        "attack/surrogate.safetensors",
        "attack/prototypes.safetensors",
        "metrics.jsonl",
        "report.html",
        "summary.json",
    ] {
        std::fs::remove_file(out.join(file))?;
    }
    let ended = resume(&out).output()?;
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    reference.assert_same("lost and found", &out)
}
