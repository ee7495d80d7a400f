//! A run does not go on from files that are broken or belong to another run: it says which.

use super::Checked;
use super::directory::copy;
use super::photos::Layout;
use super::settings::{run_with_threads, shrunken};
use crossmax::device::Device;
use crossmax::io::TensorFile;
use crossmax::replicate::{Config, Silent, run};
use std::path::Path;

/// Resumes the run in `out` and returns the one line with which that fails.
fn refusal(out: &Path) -> Checked<String> {
    let config = Config::load(&out.join("config.toml"))?;
    let error = run(&config, out, true, &Device::Cpu, &Silent)
        .err()
        .ok_or("resumed what must be refused")?;
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    Ok(line)
}

/// Cuts the last byte off.
fn truncate(path: &Path) -> Checked {
    let bytes = std::fs::read(path)?;
    Ok(std::fs::write(path, &bytes[..bytes.len() - 1])?)
}

/// Makes a saved state belong to another configuration.
fn give_away(path: &Path) -> Checked {
    let mut file = TensorFile::load(path)?;
    file.metadata.insert("config".to_owned(), "0".repeat(64));
    Ok(file.save(path)?)
}

#[test]
fn broken_and_foreign_files_are_named() -> Checked {
    let folder = tempfile::tempdir()?;
    let (data, finished) = (folder.path().join("photos"), folder.path().join("finished"));
    Layout::Cifar10.write(&data, 240, 60)?;
    run_with_threads(&shrunken(&data.display().to_string()), &finished, 2)?;

    // The file, and the record without which its stage is not finished.
    let states = [
        (
            "checkpoints/backbone.safetensors",
            "checkpoints/backbone.done.json",
        ),
        ("checkpoints/head-2.safetensors", "checkpoints/head-2.done.json"),
        (
            "checkpoints/baseline.safetensors",
            "checkpoints/baseline.done.json",
        ),
        ("attack/state.safetensors", "checkpoints/attack.done.json"),
        (
            "attack/surrogate.safetensors",
            "checkpoints/surrogate-attack.done.json",
        ),
        (
            "attack/baseline.safetensors",
            "checkpoints/baseline-attack.done.json",
        ),
    ];
    let out = folder.path().join("damaged");
    let damaged = |damage: &dyn Fn() -> Checked| -> Checked<String> {
        if out.exists() {
            std::fs::remove_dir_all(&out)?;
        }
        copy(&finished, &out)?;
        damage()?;
        refusal(&out)
    };
    for (state, record) in states {
        let path = out.join(state);
        let line = damaged(&|| {
            std::fs::remove_file(out.join(record))?;
            truncate(&path)
        })?;
        assert!(
            line.starts_with(&format!("{}: expected a safetensors file", path.display())),
            "{line}"
        );
        let line = damaged(&|| {
            std::fs::remove_file(out.join(record))?;
            give_away(&path)
        })?;
        let expected = format!("{}: expected the configuration hash", path.display());
        assert!(
            line.starts_with(&expected) && line.contains("found 000000000000…"),
            "{line}"
        );
    }
    for results in [
        "backbone.safetensors",
        "baseline.safetensors",
        "attack/prototypes.safetensors",
    ] {
        let line = damaged(&|| truncate(&out.join(results)))?;
        assert!(
            line.starts_with(&out.join(results).display().to_string()),
            "{line}"
        );
    }
    for record in ["data", "clean-accuracy", "attack", "figures"] {
        let path = out.join(format!("checkpoints/{record}.done.json"));
        let line = damaged(&|| truncate(&path).and_then(|()| truncate(&path)))?;
        let expected = format!("{}: expected the record of a finished stage", path.display());
        assert!(line.starts_with(&expected), "{line}");
    }
    Ok(())
}

#[test]
fn changed_settings_and_changed_data_are_refused() -> Checked {
    let folder = tempfile::tempdir()?;
    let (data, out) = (folder.path().join("photos"), folder.path().join("run"));
    Layout::Cifar10.write(&data, 240, 60)?;
    run_with_threads(&shrunken(&data.display().to_string()), &out, 2)?;
    // Even with nothing left of it but its beginning.
    for entry in std::fs::read_dir(out.join("checkpoints"))? {
        let path = entry?.path();
        if !path.ends_with("data.done.json") {
            std::fs::remove_file(path)?;
        }
    }

    let path = out.join("config.toml");
    let settings = std::fs::read_to_string(&path)?;
    for (old, new) in [
        ("seed = 0", "seed = 1"),
        ("top_k = 3", "top_k = 2"),
        ("eot = 2", "eot = 3"),
    ] {
        assert!(settings.contains(old), "{settings}");
        std::fs::write(&path, settings.replacen(old, new, 1))?;
        let line = refusal(&out)?;
        let expected = format!(
            "{}: expected the configuration the run began with",
            path.display()
        );
        assert!(line.starts_with(&expected), "{line}");
    }
    std::fs::write(&path, settings)?;

    let file = data.join("test_batch.bin");
    let mut bytes = std::fs::read(&file)?;
    bytes[1000] ^= 1;
    std::fs::write(&file, bytes)?;
    let line = refusal(&out)?;
    assert!(
        line.starts_with(&format!("{}: expected data with SHA-256", out.display())),
        "{line}"
    );
    Ok(())
}

#[test]
fn what_is_wrong_from_the_start_leaves_no_directory_behind() -> Checked {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("run");
    let mut no_data = shrunken(&folder.path().join("absent").display().to_string());
    no_data.data.test_images = 3;
    let mut no_network = shrunken("drawn");
    no_network.backbone.widths = vec![4];
    let mut no_range = shrunken("drawn");
    no_range.attack.eot = 0;
    for (config, expected) in [
        (no_data, "absent"),
        (no_network, "stages"),
        (no_range, "attack.eot"),
    ] {
        let error = run(&config, &out, false, &Device::Cpu, &Silent)
            .err()
            .ok_or("ran what must be refused")?;
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!out.exists(), "{error}");
    }
    Ok(())
}
