//! The same seed gives the same bits, whatever does not belong to the seed.

use super::Checked;
use super::directory::{Contents, assert_same, contents};
use super::photos::Layout;
use super::settings::{run_with_threads, shrunken};
use super::summary::fraction;
use crossmax::io::{Stored, TensorFile};
use crossmax::replicate::Config;
use std::path::Path;

/// The files in which every setting stands, those without influence on the result included.
const SHOW_SETTINGS: [&str; 2] = ["config.toml", "report.html"];

struct Ran {
    folder: tempfile::TempDir,
    files: Contents,
}

fn ran(config: &Config, threads: usize) -> Checked<Ran> {
    let folder = tempfile::tempdir()?;
    run_with_threads(config, folder.path(), threads)?;
    let files = contents(folder.path())?;
    Ok(Ran { folder, files })
}

/// Bits of the images `name` in the file at `path`.
fn images(path: &Path, name: &str) -> Checked<Vec<u32>> {
    match TensorFile::load(path)?.tensors.get(name) {
        Some(Stored::F32(images)) => Ok(images.to_vec()?.into_iter().map(f32::to_bits).collect()),
        _ => Err(format!("{}: no images {name}", path.display()).into()),
    }
}

#[test]
fn neither_repetition_nor_threads_nor_batches_change_a_bit() -> Checked {
    let data = tempfile::tempdir()?;
    Layout::Cifar10.write(data.path(), 240, 60)?;
    let config = shrunken(&data.path().display().to_string());
    let reference = ran(&config, 2)?;
    let summary: serde_json::Value = serde_json::from_slice(&reference.files["summary.json"])?;
    let [initial, robust] =
        ["initial", "robust"].map(|name| fraction(&summary, &format!("/autoattack/{name}")));
    assert!(
        robust < initial,
        "nothing was broken that could be compared: {summary:#}"
    );

    assert_same("repeated", &ran(&config, 2)?.files, &reference.files, &[]);
    assert_same("one thread", &ran(&config, 1)?.files, &reference.files, &[]);

    for sub_batch in [1, 32] {
        let mut other = config.clone();
        other.attack.sub_batch = sub_batch;
        let what = format!("sub-batch {sub_batch}");
        assert_same(&what, &ran(&other, 2)?.files, &reference.files, &SHOW_SETTINGS);
    }
    for block in [1, 32] {
        let mut other = config.clone();
        other.attack.block = block;
        let what = format!("blocks of {block}");
        let Ran { folder, files } = ran(&other, 2)?;
        // Checkpoints and states carry the configuration, of which the block is a part.
        let carrying = |name: &str| {
            SHOW_SETTINGS.contains(&name)
                || name.starts_with("checkpoints/")
                || [
                    "attack/state.safetensors",
                    "attack/surrogate.safetensors",
                    "attack/baseline.safetensors",
                ]
                .contains(&name)
        };
        let carriers: Vec<&str> = files
            .keys()
            .map(String::as_str)
            .filter(|name| carrying(name))
            .collect();
        assert_same(&what, &files, &reference.files, &carriers);
        for file in ["attack/surrogate.safetensors", "attack/baseline.safetensors"] {
            let found = images(&folder.path().join(file), "adversarial")?;
            let expected = images(&reference.folder.path().join(file), "adversarial")?;
            assert!(found == expected, "{what}: other adversarial images in {file}");
        }
    }

    let mut other = config.clone();
    other.seed = 1;
    let other = ran(&other, 2)?.files;
    for name in [
        "backbone.safetensors",
        "attack/adversarial.safetensors",
        "metrics.jsonl",
        "figures/views.png",
    ] {
        assert!(
            other[name] != reference.files[name],
            "{name} does not depend on the seed"
        );
    }
    Ok(())
}
