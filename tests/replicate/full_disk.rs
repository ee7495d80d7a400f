//! Disks that are full and folders that are not writable, for real: file systems in memory, mounted in a name space of
//! the test's own. Where the system does not allow that, the tests say so and pass.

use super::Checked;
use super::directory::{assert_same, contents};
use super::photos::Layout;
use super::settings::{run_with_threads, shrunken};
use std::path::Path;
use std::process::Command;

/// Runs a shell script in a mount name space of its own; nothing if the system allows none.
fn in_own_name_space(script: &str, variables: &[(&str, &Path)]) -> Checked<Option<String>> {
    let mount = "mount -t tmpfs -o size=1m tmpfs \"$DISK\"";
    let run = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-euc", script]);
        command.env("CROSSMAX", env!("CARGO_BIN_EXE_crossmax"));
        command.envs(variables.iter().copied());
        command.output()
    };
    if !run(mount).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this system lets the test mount no file system");
        return Ok(None);
    }
    let output = run(&format!("{mount}\n{script}"))?;
    let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{told}");
    Ok(Some(told))
}

#[test]
fn a_full_disk_is_one_line_and_nothing_is_lost() -> Checked {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    Layout::Cifar10.write(&path("photos"), 240, 60)?;
    let config = shrunken(&path("photos").display().to_string());
    run_with_threads(&config, &path("elsewhere"), 2)?;
    std::fs::write(path("settings.toml"), config.to_toml()?)?;
    std::fs::create_dir(path("disk"))?;

    // The disk grows until the run fits: however often it is full, each failure is one line with exit code 1, no
    // temporary file is left, and what was done before is not done again.
    let script = r#"
        "$CROSSMAX" replicate --config "$SETTINGS" --out "$DISK/run" --threads 2 2> "$DISK.first" && exit 9 || test $? = 1
        failures=1
        for size in 60 110 160 240 400 640 1000 2000 4000 8000 16000; do
            mount -o remount,size=${size}k "$DISK"
            find "$DISK" -name '.crossmax-*' | grep . && exit 8
            if "$CROSSMAX" replicate --resume "$DISK/run" --threads 2 > /dev/null 2> "$DISK.last"; then
                cp -r "$DISK/run" "$DISK.copy"
                echo "failures: $failures"
                exit 0
            fi
            failures=$((failures + 1))
            grep -c 'crossmax: error: .*No space left on device' "$DISK.last"
        done
        exit 7
    "#;
    let script = format!("mount -o remount,size=40k \"$DISK\"\n{script}");
    let variables = [("DISK", &*path("disk")), ("SETTINGS", &*path("settings.toml"))];
    let Some(told) = in_own_name_space(&script, &variables)? else {
        return Ok(());
    };
    let failures: usize = told
        .lines()
        .find_map(|line| line.strip_prefix("failures: "))
        .ok_or("no count")?
        .parse()?;
    assert!(failures >= 3, "the disk was full {failures} times only");
    let first = std::fs::read_to_string(path("disk.first"))?;
    let complaint: Vec<&str> = first.lines().filter(|line| line.contains("error: ")).collect();
    assert!(
        complaint.len() == 1 && complaint[0].contains("No space left on device"),
        "{first}"
    );
    assert_same(
        "after a full disk",
        &contents(&path("disk.copy"))?,
        &contents(&path("elsewhere"))?,
        &["config.toml"],
    );
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_written_is_one_line() -> Checked {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let config = shrunken("drawn");
    run_with_threads(&config, &path("finished"), 2)?;
    std::fs::create_dir(path("disk"))?;
    let script = r#"
        mount -o remount,size=64m "$DISK"
        cp -r "$FINISHED" "$DISK/run"
        mount -o remount,ro "$DISK"
        "$CROSSMAX" replicate --limit 20 --out "$DISK/new" 2>&1 && exit 9 || test $? = 1
        "$CROSSMAX" replicate --resume "$DISK/run" 2>&1 && exit 8 || test $? = 1
    "#;
    let variables = [("DISK", &*path("disk")), ("FINISHED", &*path("finished"))];
    let Some(told) = in_own_name_space(script, &variables)? else {
        return Ok(());
    };
    let complaints: Vec<&str> = told.lines().filter(|line| line.contains("error: ")).collect();
    let [new, resumed] = complaints[..] else {
        return Err(format!("not one line each: {told}").into());
    };
    for (line, file, doing) in [
        (new, "new", "cannot create the folder"),
        (resumed, "run/run.lock", "cannot lock the folder"),
    ] {
        let named = path("disk").join(file).display().to_string();
        assert!(
            line.contains(&named) && line.contains(doing) && line.contains("Read-only file system"),
            "{line}"
        );
    }
    Ok(())
}
