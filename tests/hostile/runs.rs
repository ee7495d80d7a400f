//! The files of a run directory, as `--resume` and `predict` read them.

use super::{Checked, Table};
use crossmax::device::Device;
use crossmax::io::{Stored, TensorFile};
use crossmax::replicate::{Config, Silent, open_run, run};
use crossmax::tensor::{Shape, Tensor};
use std::path::Path;

/// The files of the stages that are read again, and the network they are put into.
const MULTIPLE: usize = 8;

/// A run of a second.
fn smallest() -> Config {
    let mut config = Config::preset("pocket").unwrap();
    config.data.train_images = 48;
    config.data.test_images = 24;
    config.backbone.stem_width = 4;
    config.backbone.widths = vec![4];
    config.backbone.blocks = vec![1];
    config.backbone.epochs = 1;
    config.backbone.batch = 16;
    config.heads.layers = vec![1, 2];
    config.attack.images = 4;
    config.attack.iterations = 2;
    config.attack.eot = 1;
    config.attack.reevaluations = 1;
    config.figures.prototypes_per_class = 1;
    config.figures.prototype_steps = 2;
    config.figures.votes = 1;
    config
}

fn resume(out: &Path) -> crossmax::Result<()> {
    let config = Config::load(&out.join("config.toml"))?;
    run(&config, out, true, &Device::Cpu, &Silent).map(|_| ())
}

/// A way to damage a file.
type Damage<'a> = &'a dyn Fn(&Path) -> Checked;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let out = folder.join("run");
    run(&smallest(), &out, false, &Device::Cpu, &Silent)?;
    let empty: Damage = &|path| Ok(std::fs::write(path, "")?);
    let cut: Damage = &|path| {
        let bytes = std::fs::read(path)?;
        Ok(std::fs::write(path, &bytes[..bytes.len() - 1 - bytes.len() / 3])?)
    };
    // At a place that does not move with the digits of the seconds at its beginning.
    let cut_record: Damage = &|path| {
        let bytes = std::fs::read(path)?;
        Ok(std::fs::write(path, &bytes[..bytes.len().saturating_sub(40)])?)
    };
    let foreign: Damage = &|path| {
        Ok(std::fs::write(
            path,
            "{\"seconds\": 1, \"result\": \"something else\"}",
        )?)
    };
    let nested: Damage = &|path| Ok(std::fs::write(path, "[".repeat(200_000))?);
    let large: Damage = &|path| Ok(std::fs::File::create(path)?.set_len((64 << 20) + 1)?);
    let not_a_number: Damage =
        &|path| with_first(path, |t| Stored::F32(Tensor::full(t.shape().dims(), f32::NAN)));
    let misshaped: Damage = &|path| with_first(path, |_| Stored::F32(Tensor::zeros([1, 2, 3])));
    let whole_numbers: Damage =
        &|path| with_first(path, |t| Stored::Int(*t.shape(), vec![0; t.shape().len()]));
    let unnamed: Damage = &|path| {
        let mut file = TensorFile::load(path)?;
        file.metadata.clear();
        Ok(file.save(path)?)
    };
    let surplus: Damage = &|path| {
        let mut file = TensorFile::load(path)?;
        file.tensors
            .insert("stranger".into(), Stored::Int(Shape::new(&[1]), vec![1]));
        Ok(file.save(path)?)
    };

    let mut check = |reader: &str, file: &str, record: Option<&str>, damages: &[(&str, Damage)]| -> Checked {
        let path = out.join(file);
        let before = std::fs::read(&path)?;
        // Without its record the stage is not finished, and its checkpoint is read.
        let record = record.map(|name| out.join(format!("checkpoints/{name}.done.json")));
        let kept = record.as_ref().map(std::fs::read).transpose()?;
        for (input, damage) in damages {
            if let Some(record) = &record {
                std::fs::remove_file(record)?;
            }
            damage(&path)?;
            let open = if reader == "run for predict" {
                |out: &Path| open_run(out).map(|_| ())
            } else {
                resume
            };
            table.refuse((reader, input), (folder, &out), MULTIPLE, open)?;
            std::fs::write(&path, &before)?;
            if let (Some(record), Some(kept)) = (&record, &kept) {
                std::fs::write(record, kept)?;
            }
        }
        Ok(())
    };
    let tensors: [(&str, Damage); 4] = [
        ("empty", empty),
        ("cut", cut),
        ("NaN", not_a_number),
        ("tensor of another shape", misshaped),
    ];
    check(
        "record of a stage",
        "checkpoints/attack.done.json",
        None,
        &[
            ("empty", empty),
            ("cut", cut_record),
            ("another record", foreign),
            ("nested 200,000 deep", nested),
            ("longer than 64 MiB", large),
        ],
    )?;
    check(
        "configuration of a run",
        "config.toml",
        None,
        &[("empty", empty), ("cut", cut)],
    )?;
    check(
        "checkpoint of training",
        "checkpoints/backbone.safetensors",
        Some("backbone"),
        &tensors,
    )?;
    check(
        "checkpoint of training",
        "checkpoints/backbone.safetensors",
        Some("backbone"),
        &[
            ("integers for weights", whole_numbers),
            ("no configuration's hash", unnamed),
            ("tensor too many", surplus),
        ],
    )?;
    check(
        "state of the attack",
        "attack/state.safetensors",
        Some("attack"),
        &tensors,
    )?;
    check(
        "state of the attack",
        "attack/state.safetensors",
        Some("attack"),
        &[("no configuration's hash", unnamed)],
    )?;
    check(
        "state of the surrogate",
        "attack/surrogate.safetensors",
        Some("surrogate-attack"),
        &tensors,
    )?;
    check("backbone of a run", "backbone.safetensors", None, &tensors)?;
    check(
        "images optimised from grey",
        "attack/prototypes.safetensors",
        None,
        &tensors,
    )?;
    check("run for predict", "heads.safetensors", None, &tensors)?;
    check(
        "run for predict",
        "checkpoints/data.done.json",
        None,
        &[("cut", cut_record), ("another record", foreign)],
    )?;
    Ok(())
}

/// Replaces the first tensor of the file at `path`.
fn with_first(path: &Path, change: impl Fn(&Stored) -> Stored) -> Checked {
    let mut file = TensorFile::load(path)?;
    let first = file
        .tensors
        .values_mut()
        .find(|t| matches!(t, Stored::F32(_)))
        .ok_or("no numbers")?;
    *first = change(first);
    Ok(file.save(path)?)
}
