//! `replicate` on the device under test, from data to summary, shrunken until the emulator is quick with it.

use super::emulated::Emulated;
use super::on_device::{open, skips_emulator};
use crossmax::device::Device;
use crossmax::io::{Stored, TensorFile};
use crossmax::ops::Precision;
use crossmax::replicate::{Config, Outcome, Precisions, Reporter, Silent, device_of_run, open_run, run};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::unit;
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;

const CLASSES: usize = 3;
const TRAIN: usize = 12;
const TEST: usize = 6;
/// What follows training.
const ATTACK: &str = "AutoAttack rand on the self-ensemble";

/// Pictures of 8×8 pixels, each class brighter in another colour.
fn write_data(path: &Path) -> Checked {
    let images = |name: &str, count: usize| {
        let brightness = |i: usize| {
            let (image, channel) = (i / 192, i / 64 % 3);
            let own = image % CLASSES == channel;
            (0.6 * unit(name, i) + if own { 0.4 } else { 0.0 }) as f32
        };
        Stored::F32(Tensor::from_fn([count, 3, 8, 8], brightness))
    };
    let labels = |count: usize| {
        let labels = (0..count).map(|i| (i % CLASSES) as i64).collect();
        Stored::Int([count].into(), labels)
    };
    let tensors = [
        ("train_images", images("train", TRAIN)),
        ("train_labels", labels(TRAIN)),
        ("test_images", images("test", TEST)),
        ("test_labels", labels(TEST)),
    ];
    TensorFile {
        tensors: tensors.map(|(name, stored)| (name.to_owned(), stored)).into(),
        metadata: BTreeMap::new(),
    }
    .save(path)?;
    Ok(())
}

/// Every stage, each as small as it can be: views of 8 and 4 pixels, two blocks of 4 channels.
fn settings(data: &Path) -> Config {
    let mut config = Config::preset("pocket").unwrap();
    config.data.source = data.display().to_string();
    config.data.train_images = TRAIN;
    config.data.test_images = TEST;
    config.backbone.input_size = 8;
    config.backbone.stem_width = 4;
    config.backbone.widths = vec![4, 4];
    config.backbone.blocks = vec![1, 1];
    config.backbone.epochs = 2;
    config.backbone.batch = 6;
    config.heads.layers = vec![2, 4];
    config.heads.batch = 6;
    config.method.resolutions = vec![8, 4];
    config.attack.images = TEST;
    config.attack.iterations = 2;
    config.attack.eot = 2;
    config.attack.reevaluations = 1;
    config.attack.block = 2;
    config.attack.sub_batch = 5;
    config.figures.prototypes_per_class = 1;
    config.figures.prototype_steps = 2;
    config.figures.votes = 1;
    config
}

/// The one device of these tests; opened anew it has the same name and gives the same bits.
fn device_under_test() -> Device {
    Device::Accelerator(open(1))
}

/// Leaves the run by a panic as soon as it advances beyond `done` in the piece of work that is called `what`: what
/// is left is what a killed process leaves.
struct Kill {
    what: &'static str,
    done: u64,
    current: std::cell::RefCell<String>,
}

impl Reporter for Kill {
    fn line(&self, _: &str) {}

    fn begin(&self, what: &str, _: u64, _: &str) {
        *self.current.borrow_mut() = what.to_owned();
    }

    fn advance(&self, done: u64, _: &str) {
        if done > self.done && self.current.borrow().starts_with(self.what) {
            resume_unwind(Box::new("killed"));
        }
    }

    fn end(&self) {}
}

/// Runs until the run is killed while doing `what`, beyond `done` steps of it.
fn run_and_kill(
    run: impl FnOnce(&dyn Reporter) -> crossmax::Result<Outcome>,
    what: &'static str,
    done: u64,
) -> Checked {
    let current = std::cell::RefCell::default();
    let reporter = Kill { what, done, current };
    match catch_unwind(AssertUnwindSafe(|| run(&reporter))) {
        Err(_) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(_)) => Err(format!("the run was not killed during {what}").into()),
    }
}

/// The files that have the same bytes whenever the run has the same result.
fn results(out: &Path) -> Checked<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for folder in ["", "attack", "checkpoints"] {
        for entry in std::fs::read_dir(out.join(folder))? {
            let path = entry?.path();
            let name = path.strip_prefix(out)?.display().to_string();
            if name.ends_with(".safetensors") || name.ends_with(".jsonl") {
                found.insert(name, std::fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

#[test]
fn a_run_on_a_device_is_whole_and_goes_on_to_the_same_bits() -> Checked {
    let folder = tempfile::tempdir()?;
    let [data, whole, killed] = ["data.safetensors", "whole", "killed"].map(|name| folder.path().join(name));
    write_data(&data)?;
    let config = settings(&data);
    let Outcome { summary, text } = run(&config, &whole, false, &device_under_test(), &Silent)?;
    assert_eq!(summary["device"], device_under_test().to_string());
    assert_eq!(device_of_run(&whole)?, Some(device_under_test().to_string()));
    assert!(text.contains("self-ensemble"), "{text}");
    for file in [
        "summary.json",
        "report.html",
        "figures/attack.png",
        "attack/adversarial.safetensors",
    ] {
        assert!(whole.join(file).is_file(), "{file} is missing");
    }
    assert_eq!(open_run(&whole)?.ensemble.heads.len(), 2);

    // In the second block of the first attack, whose first block is in the state that was saved.
    let done = (config.attack.block * config.attack.iterations) as u64;
    let begin = |reporter: &dyn Reporter| run(&config, &killed, false, &device_under_test(), reporter);
    run_and_kill(begin, ATTACK, done)?;
    assert!(killed.join("attack/state.safetensors").is_file());
    assert!(!killed.join("attack/adversarial.safetensors").is_file());
    run(&config, &killed, true, &device_under_test(), &Silent)?;
    let (found, expected) = (results(&killed)?, results(&whole)?);
    assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
    Ok(())
}

/// Makes the device believe that the run in `out` was begun on it.
fn hand_over(out: &Path, device: &Device) -> Checked {
    let record = out.join("checkpoints/data.done.json");
    let text = std::fs::read_to_string(&record)?;
    let handed_over = text.replace("\"cpu\"", &format!("\"{device}\""));
    assert_ne!(text, handed_over);
    Ok(std::fs::write(record, handed_over)?)
}

/// Losses of training by stage and epoch.
fn losses(out: &Path) -> Checked<BTreeMap<String, f64>> {
    let text = std::fs::read_to_string(out.join("metrics.jsonl"))?;
    let mut losses = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line)?;
        let loss = line["train_loss"].as_f64().ok_or("no loss")?;
        losses.insert(format!("{} {}", line["stage"], line["epoch"]), loss);
    }
    Ok(losses)
}

/// Demands that the device, handed a run that the CPU was killed in while doing `what`, comes to the CPU's losses.
fn demand_losses(config: &Config, folder: &Path, what: &'static str, of: &str, expected: &Path) -> Checked {
    let out = folder.join(what.replace([' ', '/'], "-"));
    run_and_kill(
        |reporter| run(config, &out, false, &Device::Cpu, reporter),
        what,
        0,
    )?;
    hand_over(&out, &device_under_test())?;
    // Ends once the stage is done: what follows it starts from other weights.
    run_and_kill(
        |reporter| run(config, &out, true, &device_under_test(), reporter),
        ATTACK,
        0,
    )?;
    let (found, expected) = (losses(&out)?, losses(expected)?);
    let name = found
        .keys()
        .find(|name| name.starts_with(of))
        .ok_or("no metrics")?;
    let (found, expected) = (found[name], expected[name]);
    assert!(
        (found - expected).abs() < 1e-3 * expected,
        "{name}: {found}, expected {expected}"
    );
    Ok(())
}

#[test]
fn training_goes_on_from_the_checkpoints_of_the_cpu() -> Checked {
    let folder = tempfile::tempdir()?;
    let [data, here] = ["data.safetensors", "cpu"].map(|name| folder.path().join(name));
    write_data(&data)?;
    let config = settings(&data);
    run(&config, &here, false, &Device::Cpu, &Silent)?;
    // The last epoch of the backbone, of which nothing is saved yet; the same of the first head.
    demand_losses(
        &config,
        folder.path(),
        "backbone epoch 2/2",
        "\"backbone\" 2",
        &here,
    )?;
    demand_losses(&config, folder.path(), "head 4 epoch 1/1", "\"head 4\" 1", &here)?;
    demand_losses(
        &config,
        folder.path(),
        "baseline epoch 2/2",
        "\"baseline\" 2",
        &here,
    )
}

#[test]
fn weights_of_the_cpu_have_the_same_accuracies_on_a_device() -> Checked {
    let folder = tempfile::tempdir()?;
    let [data, here, there] = ["data.safetensors", "cpu", "there"].map(|name| folder.path().join(name));
    write_data(&data)?;
    let config = settings(&data);
    let expected = run(&config, &here, false, &Device::Cpu, &Silent)?.summary;
    // Killed at the end of training: evaluation, attacks, prototypes and votes are left.
    let begin = |reporter: &dyn Reporter| run(&config, &there, false, &Device::Cpu, reporter);
    run_and_kill(begin, ATTACK, 0)?;
    let refused = run(&config, &there, true, &device_under_test(), &Silent);
    let refused = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("was begun on cpu"), "{refused}");
    assert!(refused.contains("--device cpu"), "{refused}");
    hand_over(&there, &device_under_test())?;
    std::fs::remove_file(there.join("checkpoints/clean-accuracy.done.json"))?;
    let found = run(&config, &there, true, &device_under_test(), &Silent)?.summary;
    for pointer in [
        "/clean_accuracy/backbone",
        "/clean_accuracy/ensemble",
        "/autoattack/initial",
        "/audits/0/clean_accuracy",
        "/audits/1/clean/mean",
    ] {
        let [found, expected] = [&found, &expected].map(|summary| summary.pointer(pointer));
        assert!(
            found.is_some_and(|value| !value.is_null()),
            "{pointer} is missing"
        );
        assert_eq!(found, expected, "{pointer}");
    }
    Ok(())
}

/// Notes every line that the run tells.
#[derive(Default)]
struct Notes(std::cell::RefCell<Vec<String>>);

impl Reporter for Notes {
    fn line(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }

    fn begin(&self, _: &str, _: u64, _: &str) {}

    fn advance(&self, _: u64, _: &str) {}

    fn end(&self) {}
}

/// An attack that searches in bf16 finds other images, and is judged in f32; a device without bf16 says so
/// and computes in f32.
#[test]
fn a_precision_is_used_where_the_device_has_it() -> Checked {
    let folder = tempfile::tempdir()?;
    let [data, single, half, old] =
        ["data.safetensors", "single", "half", "old"].map(|name| folder.path().join(name));
    write_data(&data)?;
    let mut config = settings(&data);
    config.backbone.stem_width = 8;
    config.backbone.widths = vec![8, 8];
    config.backbone.epochs = 1;
    let expected = run(&config, &single, false, &device_under_test(), &Silent)?.summary;
    config.precision.search = Precision::Bf16;
    let notes = Notes::default();
    let found = run(&config, &half, false, &device_under_test(), &notes)?.summary;
    assert_eq!(found["precision"]["search"], "bf16");
    assert_eq!(found["clean_accuracy"], expected["clean_accuracy"]);
    assert_eq!(found["autoattack"]["initial"], expected["autoattack"]["initial"]);
    let images = |out: &Path| std::fs::read(out.join("attack/surrogate.safetensors"));
    assert_ne!(images(&half)?, images(&single)?);
    assert!(
        !notes
            .0
            .borrow()
            .iter()
            .any(|line| line.starts_with("precision: "))
    );

    if skips_emulator() {
        return Ok(());
    }
    config.precision = Precisions::both(Precision::Tf32);
    let notes = Notes::default();
    let begin = |_: &dyn Reporter| {
        let device = Device::Accelerator(Emulated::of_capability(1, 7, 5));
        run(&config, &old, false, &device, &KillAfterNotes(&notes))
    };
    run_and_kill(begin, "", 0)?;
    let told = notes.0.borrow().join("\n");
    assert!(told.contains("has no tf32 for training; f32 is used"), "{told}");
    assert!(
        told.contains("has no tf32 for the attacks' search; f32 is used"),
        "{told}"
    );
    Ok(())
}

/// Notes the lines, and leaves the run at its first advance.
struct KillAfterNotes<'a>(&'a Notes);

impl Reporter for KillAfterNotes<'_> {
    fn line(&self, text: &str) {
        self.0.line(text);
    }

    fn begin(&self, _: &str, _: u64, _: &str) {}

    fn advance(&self, _: u64, _: &str) {
        resume_unwind(Box::new("killed"));
    }

    fn end(&self) {}
}
