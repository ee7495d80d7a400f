//! Configuration files, as `--config` and `--resume` read them.

use super::{Checked, Table};
use crossmax::replicate::Config;
use std::path::Path;

/// Text, its parsed form, and the error's copy of a line.
const MULTIPLE: usize = 64;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let path = folder.join("mine.toml");
    let whole = Config::preset("pocket").unwrap().to_toml()?;
    let mut add = |input: &str, bytes: &[u8]| -> Checked {
        std::fs::write(&path, bytes)?;
        table.refuse(("configuration", input), (folder, &path), MULTIPLE, |path| {
            Config::preset("pocket").unwrap().overridden_by(path)
        })
    };
    add("not UTF-8", b"seed = 1 # \xff\xfe")?;
    add("binary", b"\x89PNG\r\n\x1a\n\0\0")?;
    add("cut inside a value", b"[attack]\neps = ")?;
    add("cut inside a table's name", b"[atta")?;
    add("key twice", b"seed = 1\nseed = 2\n")?;
    add("unknown key", b"[attack]\nepsilon = 0.1\n")?;
    add("text for a number", b"seed = \"one\"\n")?;
    add("negative count", b"[attack]\nimages = -1\n")?;
    add("number too large", b"seed = 99999999999999999999\n")?;
    add("tables nested 10,000 deep", "[".repeat(10_000).as_bytes())?;
    add(
        "arrays nested 100,000 deep",
        format!("seed = {}", "[".repeat(100_000)).as_bytes(),
    )?;
    add("longer than 1 MiB", "# nothing\n".repeat(200_000).as_bytes())?;
    for (input, key, value) in [
        ("NaN", "eps", "nan"),
        ("infinite", "noise", "inf"),
        ("empty", "images", "\n"),
    ] {
        let line = whole
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .ok_or(key)?;
        let changed = whole.replacen(line, &format!("{key} = {value}"), 1);
        if value == "\n" {
            add("value missing", changed.as_bytes())?;
            continue;
        }
        // What can be read but is out of range is wrong usage: exit code 2, naming the setting.
        std::fs::write(&path, changed)?;
        let error = Config::load(&path)?.check().err().ok_or(input)?;
        assert!(
            error.exit_code() == 2 && error.to_string().contains(key),
            "{error}"
        );
    }
    // An empty file changes nothing.
    std::fs::write(&path, "")?;
    assert_eq!(
        Config::preset("pocket").unwrap().overridden_by(&path)?,
        Config::preset("pocket").unwrap()
    );
    Ok(())
}
