//! The real program on a whole, very small run: stopped, continued, and asked for predictions.

mod program;

use crossmax::io::TensorFile;
use program::{command, run};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use tempfile::{TempDir, tempdir};

const FIGURES: &str = "[figures]\nprototypes_per_class = 1\nprototype_steps = 2\nvotes = 2\n";

/// A run that takes about a second, with `more` flags.
fn tiny<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let flags = "replicate --config tiny.toml --train-images 48 --test-images 24 --batch 16 --heads 4,7 \
                 --attack-images 4 --iterations 3 --eot 2 --attack-block 2 --resolutions 32,8 --seed 5 --threads 1";
    flags.split_whitespace().chain(more.iter().copied()).collect()
}

fn ready() -> TempDir {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("tiny.toml"), FIGURES).expect("written");
    folder
}

/// A folder with a finished run in `runs/pocket`, made once for all tests.
fn finished() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = ready();
        let ran = run(folder.path(), &tiny(&["--epochs", "1", "--json"]));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let summary: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
        let stored = fs::read(folder.path().join("runs/pocket/summary.json")).expect("summary.json");
        assert_eq!(
            summary,
            serde_json::from_slice::<serde_json::Value>(&stored).expect("JSON")
        );
        folder
    });
    folder.path()
}

/// The logits that `predict` writes for the run's attacked images with these flags.
fn logits(flags: &[&str]) -> Vec<f32> {
    let folder = finished();
    let out = folder.join(format!("{}.safetensors", flags.join("_").replace(':', "-")));
    let images = "runs/pocket/attack/adversarial.safetensors";
    let arguments = [
        "predict",
        "runs/pocket",
        images,
        "--out",
        out.to_str().expect("UTF-8"),
    ];
    let ran = run(folder, &[&arguments[..], flags].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("of 4)"),
        "the file's labels give an accuracy: {}",
        ran.stdout
    );
    let file = TensorFile::load(&out).expect("the file");
    assert_eq!(file.tensors["logits"].shape().dims(), [4, 12]);
    file.tensors["logits"]
        .float()
        .expect("on the host")
        .expect("numbers")
        .to_vec()
        .expect("on the host")
}

#[test]
fn members_seeds_and_draws_have_logits_of_their_own() {
    let base = logits(&[]);
    assert_eq!(logits(&["--member", "ensemble"]), base, "the default");
    assert_eq!(logits(&["--threads", "2"]), base);
    assert_eq!(logits(&["--seed", "5"]), base, "the run's own");
    let mut all = vec![base];
    for flags in [
        ["--member", "backbone"],
        ["--member", "layer:4"],
        ["--member", "layer:7"],
        ["--seed", "6"],
        ["--draws", "3"],
    ] {
        all.push(logits(&flags));
    }
    for (i, one) in all.iter().enumerate() {
        assert!(
            all[..i].iter().all(|other| other != one),
            "{i} is like one before it"
        );
    }
}

/// The gradient is that of the mean of the logits: for two draws, twice the loss's slope along it
/// must show in the written logits.
#[test]
fn the_gradient_descends_the_loss_of_the_mean_logits() {
    let folder = finished();
    let images = folder.join("runs/pocket/attack/adversarial.safetensors");
    let predict = |input: &Path, out: &str| {
        let (input, out) = (input.to_str().expect("UTF-8"), folder.join(out));
        let arguments = [
            "predict",
            "runs/pocket",
            input,
            "--member",
            "backbone",
            "--draws",
            "2",
            "--input-gradient",
        ];
        let ran = run(
            folder,
            &[&arguments[..], &["--out", out.to_str().expect("UTF-8")]].concat(),
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        TensorFile::load(&out).expect("the file")
    };
    let mut file = TensorFile::load(&images).expect("the file");
    let numbers = |file: &TensorFile, name: &str| -> Vec<f64> {
        let tensor = file.tensors[name]
            .float::<f64>()
            .expect("on the host")
            .expect("numbers");
        tensor.to_vec().expect("on the host")
    };
    let crossmax::io::Stored::Int(_, labels) = file.tensors["labels"].clone() else {
        panic!("labels")
    };
    let loss = |file: &TensorFile| -> f64 {
        let rows = numbers(file, "logits");
        let one = |(row, &label): (&[f64], &i64)| {
            row.iter().map(|z| z.exp()).sum::<f64>().ln() - row[label as usize]
        };
        rows.chunks(12).zip(&labels).map(one).sum()
    };
    // Grey pictures stay away from the bounds of the views' clamps.
    let grey: Vec<f64> = numbers(&file, "images").iter().map(|x| 0.4 + 0.2 * x).collect();
    let set = |file: &mut TensorFile, pixels: &[f64]| {
        let shape = *file.tensors["images"].shape();
        let tensor = crossmax::tensor::Tensor::from_fn(shape, |i| pixels[i] as f32);
        file.tensors
            .insert("images".into(), crossmax::io::Stored::F32(tensor));
        let path = folder.join("moved.safetensors");
        file.save(&path).expect("saved");
        path
    };
    let path = set(&mut file, &grey);
    let at = predict(&path, "at.safetensors");
    let gradient = numbers(&at, "gradient");
    let step = 2e-3 / gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let moved = |by: f64| {
        grey.iter()
            .zip(&gradient)
            .map(|(x, g)| x + by * g)
            .collect::<Vec<_>>()
    };
    let path = set(&mut file, &moved(step));
    let above = loss(&predict(&path, "above.safetensors"));
    let path = set(&mut file, &moved(-step));
    let below = loss(&predict(&path, "below.safetensors"));
    let slope = gradient.iter().map(|g| g * g).sum::<f64>();
    let difference = (above - below) / (2.0 * step);
    assert!(
        (difference / slope - 1.0).abs() < 0.05,
        "{difference} against {slope}"
    );
}

#[test]
fn a_run_refuses_what_is_not_its_own() {
    let folder = finished();
    let small = folder.join("small.png");
    let mut encoder = png::Encoder::new(fs::File::create(&small).expect("made"), 8, 8);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&[7; 192]))
        .expect("written");
    let images = "runs/pocket/attack/adversarial.safetensors";
    let cases: [(&str, &[&str], i32, &str); 3] = [
        (
            "small.png",
            &[],
            1,
            "small.png: expected pictures of 32×32 pixels, as the run was trained on, found 8×8",
        ),
        (
            images,
            &["--member", "layer:5"],
            2,
            "--member layer:5: this run has heads on layers [4, 7]",
        ),
        (
            images,
            &["--stem", "cifar"],
            2,
            "--mean, --std and --stem belong to a weights file",
        ),
    ];
    for (images, flags, code, part) in cases {
        let ran = run(
            folder,
            &[
                &["predict", "runs/pocket", images, "--out", "no.safetensors"],
                flags,
            ]
            .concat(),
        );
        assert_eq!(
            (ran.code, ran.stderr.contains(part)),
            (code, true),
            "{}",
            ran.stderr
        );
    }
    assert!(!folder.join("no.safetensors").exists());
    let again = run(folder, &tiny(&["--out", "runs/pocket"]));
    assert_eq!(
        (again.code, again.stderr.contains("runs/pocket is not empty")),
        (2, true),
        "{}",
        again.stderr
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let folder = ready();
    let mut child = command(folder.path(), &tiny(&["--epochs", "40"]))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("standard error"))
        .lines()
        .map_while(Result::ok);
    assert!(
        lines.any(|line| line.starts_with("backbone epoch 3/40")),
        "the third epoch begins"
    );
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .expect("kill")
            .success()
    );
    let told: Vec<String> = lines.collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{told:?}");
    let last = "crossmax: error: interrupted; go on with: crossmax replicate --resume runs/pocket";
    assert_eq!(told.last().map(String::as_str), Some(last), "{told:?}");
    assert!(!folder.path().join("runs/pocket/summary.json").exists());
    let resumed = run(folder.path(), &["replicate", "--resume"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(
        !resumed.stderr.contains("backbone epoch 1/40"),
        "the first epochs are not done again"
    );
    assert!(folder.path().join("runs/pocket/summary.json").is_file());
}
