//! Two processes and one run directory.

use super::Checked;
use super::process::{replicate, wait_for};
use super::settings::shrunken;
use std::path::Path;

/// Exit code and standard error of going on with the run in `out`.
fn resume(out: &Path) -> Checked<(Option<i32>, String)> {
    let output = replicate(&["--resume", &out.to_string_lossy()]).output()?;
    Ok((output.status.code(), String::from_utf8(output.stderr)?))
}

#[test]
fn a_second_process_is_refused_until_the_first_is_killed() -> Checked {
    let folder = tempfile::tempdir()?;
    let (out, settings) = (folder.path().join("run"), folder.path().join("settings.toml"));
    let mut config = shrunken("drawn");
    // Long enough that it cannot end before it is killed.
    config.attack.iterations = 10_000;
    std::fs::write(&settings, config.to_toml()?)?;
    let paths = [&settings, &out].map(|path| path.to_string_lossy().into_owned());
    let mut first = replicate(&["--config", &paths[0], "--out", &paths[1]]).spawn()?;
    assert!(wait_for(&out.join("backbone.safetensors"), &mut first)?);

    let (code, told) = resume(&out)?;
    let expected = "expected a folder that no other process works in, found one that is locked";
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(expected), "{told}");
    assert!(first.try_wait()?.is_none(), "the first process ended");

    // SIGKILL: the process can tidy nothing.
    first.kill()?;
    first.wait()?;
    let mut second = replicate(&["--resume", &paths[1]]).spawn()?;
    assert!(wait_for(&out.join("checkpoints/head-2.done.json"), &mut second)?);
    second.kill()?;
    second.wait()?;
    Ok(())
}
