//! The directory of a run: whose it is, and stages that are done once.

use crate::replicate::{EpochMetrics, RunDir};
use crate::testing::assertions::refusal;
use crate::{Error, Result};
use std::cell::Cell;

type TestResult = std::result::Result<(), Box<dyn std::error::Error>>;

#[test]
fn a_new_run_takes_an_empty_directory_only() -> TestResult {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("empty"))?;
    for name in ["empty", "absent/deeper"] {
        let root = folder.path().join(name);
        let run = RunDir::create(&root, "text")?;
        assert_eq!(std::fs::read_to_string(run.config_path())?, "text");
        assert_eq!(run.root(), root);
    }
    let root = folder.path().join("empty");
    let error = RunDir::create(&root, "other")
        .err()
        .ok_or("took an occupied directory")?;
    assert_eq!(error.exit_code(), 2);
    let expected = format!(
        "{} is not empty; continue the run in it with --resume, or choose another --out",
        root.display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(std::fs::read_to_string(root.join("config.toml"))?, "text");
    Ok(())
}

#[test]
fn a_run_that_is_worked_on_is_locked_until_that_ends() -> TestResult {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("run");
    let run = RunDir::create(&root, "text")?;
    let line = refusal(RunDir::resume(&root));
    let expected = format!(
        "{}: expected a folder that no other process works in, found one that is locked; \
         wait until that process ends, or choose another folder",
        root.display()
    );
    assert_eq!(line, expected);
    // Looking at it is allowed.
    RunDir::open(&root)?;
    drop(run);
    let resumed = RunDir::resume(&root)?;
    assert_eq!(refusal(RunDir::resume(&root)), expected);
    drop(resumed);
    // A folder with nothing but the lock of a run that never began is empty.
    std::fs::remove_file(root.join("config.toml"))?;
    for entry in std::fs::read_dir(&root)? {
        let path = entry?.path();
        if path.is_dir() {
            std::fs::remove_dir(path)?;
        }
    }
    RunDir::create(&root, "text")?;
    Ok(())
}

#[test]
fn what_is_no_run_is_not_opened() -> TestResult {
    let folder = tempfile::tempdir()?;
    for path in [folder.path().to_path_buf(), folder.path().join("absent")] {
        let line = refusal(RunDir::open(&path));
        let expected = format!(
            "{}: expected a run directory with config.toml, found none; name the directory of a run",
            path.display()
        );
        assert_eq!(line, expected);
    }
    assert!(
        std::fs::read_dir(folder.path())?.next().is_none(),
        "something was written"
    );
    Ok(())
}

#[test]
fn a_finished_stage_is_not_done_again() -> TestResult {
    let folder = tempfile::tempdir()?;
    let times_done = Cell::new(0);
    let stage = |run: &RunDir| -> Result<Vec<f64>> {
        run.stage("a stage", &[], || {
            times_done.set(times_done.get() + 1);
            Ok(vec![0.1, 1.0 / 3.0])
        })
    };
    let run = RunDir::create(folder.path(), "")?;
    assert_eq!(run.finished::<Vec<f64>>("a stage")?, None);
    assert_eq!(stage(&run)?, [0.1, 1.0 / 3.0]);
    let seconds = run.stages()[0].seconds;
    // One at a time: a run is locked while it is worked on.
    drop(run);
    for again in [RunDir::open, RunDir::resume] {
        let run = again(folder.path())?;
        assert_eq!(stage(&run)?, [0.1, 1.0 / 3.0]);
        assert_eq!(run.finished("a stage")?, Some(vec![0.1, 1.0 / 3.0]));
        let told = run.stages();
        assert!(
            told.iter()
                .all(|stage| stage.name == "a stage" && stage.seconds == seconds),
            "{told:?}"
        );
    }
    assert_eq!(times_done.get(), 1);
    Ok(())
}

#[test]
fn a_stage_whose_file_is_lost_is_done_again() -> TestResult {
    let folder = tempfile::tempdir()?;
    let run = RunDir::create(folder.path(), "")?;
    let artefact = run.path("artefact");
    let stage = |number: u8| {
        run.stage("a stage", &[&artefact], || {
            std::fs::write(&artefact, [number]).map_err(|e| Error::io(&artefact, "write", e))?;
            Ok(number)
        })
    };
    assert_eq!([stage(1)?, stage(2)?], [1, 1]);
    std::fs::remove_file(&artefact)?;
    assert_eq!([stage(3)?, stage(4)?], [3, 3]);
    assert_eq!(std::fs::read(&artefact)?, [3]);
    Ok(())
}

#[test]
fn a_failed_stage_leaves_no_record() -> TestResult {
    let folder = tempfile::tempdir()?;
    let run = RunDir::create(folder.path(), "")?;
    let failed = run.stage::<u8>("a stage", &[], || Err(Error::Usage("failed".into())));
    assert_eq!(refusal(failed), "failed");
    assert!(run.stages().is_empty());
    assert_eq!(run.stage("a stage", &[], || Ok(7))?, 7);
    Ok(())
}

#[test]
fn a_broken_record_is_named() -> TestResult {
    let folder = tempfile::tempdir()?;
    let run = RunDir::create(folder.path(), "")?;
    run.stage("a stage", &[], || Ok("text".to_owned()))?;
    let path = run.path("checkpoints/a-stage.done.json");
    for (content, found) in [
        ("", "EOF"),
        ("{\"seconds\": 1.0, \"resu", "EOF"),
        ("{\"seconds\": 1, \"result\": \"x\"}", "invalid type"),
    ] {
        std::fs::write(&path, content)?;
        for line in [
            refusal(run.stage::<u8>("a stage", &[], || Ok(1))),
            refusal(run.finished::<u8>("a stage")),
        ] {
            let expected = format!(
                "{}: expected the record of a finished stage, found {found}",
                path.display()
            );
            assert!(
                line.starts_with(&expected) && line.ends_with("delete it to do the stage again"),
                "{line}"
            );
        }
    }
    Ok(())
}

#[test]
fn going_on_removes_half_written_files_and_nothing_else() -> TestResult {
    let folder = tempfile::tempdir()?;
    let run = RunDir::create(folder.path(), "")?;
    let write = |name: &str| std::fs::write(run.path(name), "content");
    let kept = ["notes.tmp", ".crossmax-notes", "attack/state.safetensors"];
    let half_written = [
        ".crossmax-a.tmp",
        "checkpoints/.crossmax-b.tmp",
        "attack/.crossmax-c.tmp",
        "figures/.crossmax-d.tmp",
    ];
    kept.iter()
        .chain(&half_written)
        .try_for_each(|name| write(name))?;
    RunDir::open(folder.path())?;
    assert!(
        half_written.iter().all(|name| run.path(name).exists()),
        "opening must not disturb a running process"
    );
    drop(run);
    let run = RunDir::resume(folder.path())?;
    assert!(half_written.iter().all(|name| !run.path(name).exists()));
    assert!(kept.iter().all(|name| run.path(name).exists()));
    Ok(())
}

#[test]
fn metrics_are_one_line_an_epoch() -> TestResult {
    let folder = tempfile::tempdir()?;
    let run = RunDir::create(folder.path(), "")?;
    let line = |epoch, test_accuracy| EpochMetrics {
        stage: "head 3".into(),
        epoch,
        train_loss: 0.1 + 0.2,
        train_accuracy: 0.5,
        test_accuracy,
    };
    let written = [line(1, None), line(2, Some(0.25))];
    run.write_metrics(&written[..1])?;
    run.write_metrics(&written)?;
    let text = std::fs::read_to_string(run.path("metrics.jsonl"))?;
    let read: Vec<EpochMetrics> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<std::result::Result<_, _>>()?;
    assert_eq!(read, written);
    assert!(!text.contains("null"), "{text}");
    Ok(())
}
