//! Running the program, and files to run it on.

use crossmax::Result;
use crossmax::io::{Stored, TensorFile, module_tensors};
use crossmax::models::{ResNet, ResNetConfig};
use crossmax::nn::Init;
use crossmax::tensor::{Shape, Tensor};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What a finished program left.
pub struct Ran {
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program in `folder` with the arguments in `line`, ready to be started.
pub fn command(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossmax"));
    command
        .current_dir(folder)
        .args(line.split_whitespace())
        .stdin(Stdio::null());
    command
}

/// Runs the program in `folder` to its end.
pub fn run(folder: &Path, line: &str) -> Ran {
    let output = command(folder, line).output().expect("the program starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs the program, which must fail with `code` and end with the one line that holds all `parts`.
pub fn fails(folder: &Path, line: &str, code: i32, parts: &[&str]) {
    let ran = run(folder, line);
    let told = format!("{line} told: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, code, "{told}");
    let is_error = |line: &&str| line.starts_with("crossmax: error: ");
    let errors: Vec<&str> = ran.stderr.lines().filter(is_error).collect();
    assert_eq!(
        (errors.len(), ran.stderr.lines().last()),
        (1, errors.last().copied()),
        "{told}"
    );
    for part in parts {
        assert!(errors[0].contains(part), "{told}\nlacks {part:?}");
    }
}

/// An empty folder, gone when it is dropped.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Names of what is in `folder`, sorted.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.map(|entry| entry.file_name());
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).expect("an entry").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Weights of a small plain network with five classes.
pub fn weights(channels: usize) -> Result<TensorFile> {
    let mut net = ResNet::<f32>::new(ResNetConfig::cifar(1, channels, 5), &mut Init::new(1))?;
    Ok(TensorFile {
        tensors: module_tensors(&mut net, "")?,
        ..TensorFile::default()
    })
}

/// A file of `n` pictures of 8×8 pixels.
pub fn pictures(n: usize, labels: Option<Vec<i64>>) -> TensorFile {
    let images = Tensor::from_fn([n, 3, 8, 8], |i| (i * 37 % 101) as f32 / 100.0);
    let mut tensors = BTreeMap::from([("images".to_owned(), Stored::F32(images))]);
    tensors.extend(labels.map(|labels| ("labels".to_owned(), Stored::Int(Shape::new(&[n]), labels))));
    TensorFile {
        tensors,
        ..TensorFile::default()
    }
}

/// A grey PNG file.
pub fn write_png(path: &Path, side: u32) {
    let mut encoder = png::Encoder::new(File::create(path).expect("made"), side, side);
    encoder.set_color(png::ColorType::Rgb);
    let pixels = vec![128; (side * side * 3) as usize];
    let mut writer = encoder.write_header().expect("written");
    writer.write_image_data(&pixels).expect("written");
}

/// A folder with `net.safetensors` and `x.safetensors` (two pictures), for [`PREDICT`].
pub fn ready_to_predict() -> Result<TempDir> {
    let folder = folder();
    weights(3)?.save(&folder.path().join("net.safetensors"))?;
    pictures(2, None).save(&folder.path().join("x.safetensors"))?;
    Ok(folder)
}

/// A prediction on those files.
pub const PREDICT: &str = "predict net.safetensors x.safetensors --out y.safetensors";

/// A run in the folder `r` of `folder`, hardly trained: two views, heads on layers 4 and 7.
pub fn tiny_run(folder: &Path) {
    let figures = "[figures]\nprototypes_per_class = 1\nprototype_steps = 1\nvotes = 1\n";
    std::fs::write(folder.join("tiny.toml"), figures).expect("written");
    let line = "replicate --config tiny.toml --train-images 32 --test-images 16 --batch 16 --heads 4,7 --epochs 1 \
                --attack-images 2 --iterations 1 --eot 1 --resolutions 32,8 --out r";
    let ran = run(folder, line);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
