//! A whole, very small run: stopped, continued, and asked for predictions.

use crate::program::{command, fails, folder, run, write_png};
use crossmax::Result;
use crossmax::io::{Stored, TensorFile};
use crossmax::tensor::Tensor;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A run of about a second.
const TINY: &str = "replicate --config tiny.toml --train-images 48 --test-images 24 --batch 16 --heads 4,7 \
                    --attack-images 4 --iterations 3 --eot 2 --attack-block 2 --resolutions 32,8 --seed 5";
const FIGURES: &str = "[figures]\nprototypes_per_class = 1\nprototype_steps = 2\nvotes = 2\n";
/// What the run leaves: four labelled images.
const IMAGES: &str = "runs/pocket/attack/adversarial.safetensors";

/// A folder where [`TINY`] can start.
fn ready() -> TempDir {
    let folder = folder();
    fs::write(folder.path().join("tiny.toml"), FIGURES).expect("written");
    folder
}

/// A folder with a finished run.
fn finished() -> TempDir {
    let folder = ready();
    let ran = run(folder.path(), &format!("{TINY} --epochs 1 --json"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let summary: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    let stored = fs::read(folder.path().join("runs/pocket/summary.json")).expect("summary.json");
    let stored: serde_json::Value = serde_json::from_slice(&stored).expect("JSON");
    assert_eq!(summary, stored);
    folder
}

/// What `predict` writes for `images` with these flags.
fn predict(folder: &Path, images: &str, flags: &str) -> Result<TensorFile> {
    let ran = run(
        folder,
        &format!("predict runs/pocket {images} --out y.safetensors {flags}"),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("of 4)"),
        "labels give an accuracy: {}",
        ran.stdout
    );
    TensorFile::load(&folder.join("y.safetensors"))
}

fn numbers(file: &TensorFile, name: &str) -> Result<Vec<f64>> {
    let tensor: Option<Tensor<f64>> = file.tensors[name].float()?;
    tensor.expect("floating-point numbers").to_vec()
}

#[test]
fn members_seeds_and_draws_have_logits_of_their_own() -> Result<()> {
    let folder = finished();
    let logits = |flags: &str| numbers(&predict(folder.path(), IMAGES, flags)?, "logits");
    let base = logits("")?;
    assert_eq!(base.len(), 4 * 12);
    for same in ["--member ensemble", "--threads 1", "--seed 5"] {
        assert_eq!(logits(same)?, base, "{same}");
    }
    let mut all = vec![base];
    for flags in [
        "--member backbone",
        "--member layer:4",
        "--member layer:7",
        "--seed 6",
        "--draws 3",
    ] {
        let other = logits(flags)?;
        assert!(!all.contains(&other), "{flags} changes nothing");
        all.push(other);
    }
    Ok(())
}

#[test]
fn the_gradient_is_that_of_the_mean_logits() -> Result<()> {
    let folder = finished();
    let mut file = TensorFile::load(&folder.path().join(IMAGES))?;
    let Stored::Int(_, labels) = file.tensors["labels"].clone() else {
        panic!("labels are integers");
    };
    let shape = *file.tensors["images"].shape();
    let mut predict_at = |pixels: &[f64]| {
        let images = Tensor::from_fn(shape, |i| pixels[i] as f32);
        file.tensors.insert("images".into(), Stored::F32(images));
        file.save(&folder.path().join("moved.safetensors"))?;
        predict(
            folder.path(),
            "moved.safetensors",
            "--member backbone --draws 2 --input-gradient",
        )
    };
    // Greyish pictures stay away from the bounds at which the views are clamped.
    let grey = vec![0.45; shape.len()];
    let gradient = numbers(&predict_at(&grey)?, "gradient")?;
    let square = gradient.iter().map(|g| g * g).sum::<f64>();
    let step = 2e-3 / square.sqrt();
    let mut loss_at = |by: f64| -> Result<f64> {
        let pixels: Vec<f64> = grey.iter().zip(&gradient).map(|(x, g)| x + by * g).collect();
        let logits = numbers(&predict_at(&pixels)?, "logits")?;
        let cross_entropy = |(row, &label): (&[f64], &i64)| {
            row.iter().map(|z| z.exp()).sum::<f64>().ln() - row[label as usize]
        };
        Ok(logits.chunks(12).zip(&labels).map(cross_entropy).sum())
    };
    let slope = (loss_at(step)? - loss_at(-step)?) / (2.0 * step);
    assert!((slope / square - 1.0).abs() < 0.05, "{slope} against {square}");
    Ok(())
}

#[test]
fn a_run_refuses_what_is_not_its_own() {
    let folder = finished();
    write_png(&folder.path().join("small.png"), 8);
    let cases = [
        (
            "small.png",
            1,
            "small.png: expected pictures of 32×32 pixels, as the run was trained on, found 8×8",
        ),
        (
            &format!("{IMAGES} --member layer:5"),
            2,
            "--member layer:5: this run has heads on layers [4, 7]",
        ),
        (
            &format!("{IMAGES} --stem cifar"),
            2,
            "--mean, --std and --stem belong to a weights file",
        ),
    ];
    for (images, code, part) in cases {
        let line = format!("predict runs/pocket {images} --out y.safetensors");
        fails(folder.path(), &line, code, &[part]);
    }
    assert!(!folder.path().join("y.safetensors").exists());
    let line = format!("{TINY} --out runs/pocket");
    fails(folder.path(), &line, 2, &["runs/pocket is not empty"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let folder = ready();
    let mut child = command(folder.path(), &format!("{TINY} --epochs 40"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let told = BufReader::new(child.stderr.take().expect("standard error"));
    let mut lines = told.lines().map_while(std::result::Result::ok);
    assert!(
        lines.any(|line| line.starts_with("backbone epoch 3/40")),
        "a third epoch"
    );
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupt.expect("kill").success());
    let told: Vec<String> = lines.collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{told:?}");
    let last = "crossmax: error: interrupted; go on with: crossmax replicate --resume runs/pocket";
    assert_eq!(told.last().map(String::as_str), Some(last), "{told:?}");
    assert!(!folder.path().join("runs/pocket/summary.json").exists());

    let resumed = run(folder.path(), "replicate --resume");
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(
        !resumed.stderr.contains("backbone epoch 1/40"),
        "done epochs stay done"
    );
    assert!(folder.path().join("runs/pocket/summary.json").is_file());
}
