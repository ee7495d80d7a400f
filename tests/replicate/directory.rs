//! What is in a run's directory, times aside.

use super::Checked;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// All files by their path below the run's directory.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// All files below `root`, hidden ones included; from JSON and from the report the times are taken out.
pub fn contents(root: &Path) -> Checked<Contents> {
    let mut found = Contents::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            let mut bytes = std::fs::read(&path)?;
            if name.ends_with(".json") {
                let mut value: Value = serde_json::from_slice(&bytes)?;
                without_times(&mut value);
                bytes = serde_json::to_vec(&value)?;
            }
            if name == "report.html" {
                bytes = without_section_of_times(&String::from_utf8(bytes)?)?.into_bytes();
            }
            found.insert(name, bytes);
        }
    }
    Ok(found)
}

/// The page without its one section that may differ between runs.
fn without_section_of_times(page: &str) -> Checked<String> {
    let (before, section) = page
        .split_once("<section id=\"time\">")
        .ok_or("no section of times")?;
    let (_, after) = section.split_once("</section>").ok_or("a section without end")?;
    Ok(format!("{before}{after}"))
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.remove("seconds");
            entries.values_mut().for_each(without_times);
        }
        Value::Array(entries) => entries.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// Demands the same files with the same bytes, but for those named in `except`.
pub fn assert_same(what: &str, found: &Contents, expected: &Contents, except: &[&str]) {
    let names = |contents: &Contents| contents.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{what}: other files");
    let differing: Vec<&String> = expected
        .keys()
        .filter(|&name| found.get(name) != expected.get(name))
        .collect();
    let unexpected = differing.iter().any(|name| !except.contains(&name.as_str()));
    assert!(!unexpected, "{what}: other bytes in {differing:?}");
}

/// Copies a whole directory.
pub fn copy(from: &Path, to: &Path) -> Checked {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
