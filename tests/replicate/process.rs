//! `crossmax replicate` as a process that can be killed.

use super::Checked;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// After this long a run that does not get where it should has gone astray.
const PATIENCE: Duration = Duration::from_secs(120);

/// The command with the start of its arguments.
pub fn replicate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossmax"));
    command.args(["replicate", "--threads", "2"]).args(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Waits until `file` is there; false if the process ended first.
pub fn wait_for(file: &Path, process: &mut Child) -> Checked<bool> {
    let begun = Instant::now();
    while !file.exists() {
        if process.try_wait()?.is_some() {
            return Ok(file.exists());
        }
        if begun.elapsed() > PATIENCE {
            process.kill()?;
            return Err(format!("{} did not appear", file.display()).into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(true)
}
