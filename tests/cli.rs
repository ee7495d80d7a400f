//! The real program: what it prints where, how it ends, and what it leaves behind.

mod program;

use crossmax::Result;
use crossmax::io::{Stored, TensorFile, module_tensors};
use crossmax::models::{ResNet, ResNetConfig};
use crossmax::nn::Init;
use crossmax::tensor::{Shape, Tensor};
use program::{command, run};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use tempfile::{TempDir, tempdir};

/// Runs the program, which must fail with `code` and one line that holds all of `parts`.
fn fails(folder: &Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let ran = run(folder, arguments);
    let told = format!("{arguments:?} told: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, code, "{told}");
    let errors: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("crossmax: error: "))
        .collect();
    assert_eq!(
        (errors.len(), ran.stderr.lines().last()),
        (1, errors.last().copied()),
        "{told}"
    );
    for part in parts {
        assert!(errors[0].contains(part), "{told}\nlacks {part:?}");
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Weights of a small plain network with five classes.
fn weights(channels: usize) -> Result<TensorFile> {
    let mut net = ResNet::<f32>::new(ResNetConfig::cifar(1, channels, 5), &mut Init::new(1))?;
    Ok(TensorFile {
        tensors: module_tensors(&mut net, "")?,
        ..TensorFile::default()
    })
}

/// A file of `n` pictures of 8×8 pixels.
fn pictures(n: usize, labels: Option<Vec<i64>>) -> TensorFile {
    let images = Tensor::from_fn([n, 3, 8, 8], |i| (i * 37 % 101) as f32 / 100.0);
    let mut tensors = BTreeMap::from([("images".to_owned(), Stored::F32(images))]);
    tensors.extend(labels.map(|labels| ("labels".to_owned(), Stored::Int(Shape::new(&[n]), labels))));
    TensorFile {
        tensors,
        ..TensorFile::default()
    }
}

/// A folder with `net.safetensors` and `x.safetensors` (two pictures).
fn ready_to_predict() -> Result<TempDir> {
    let folder = tempdir().expect("a folder");
    weights(3)?.save(&folder.path().join("net.safetensors"))?;
    pictures(2, None).save(&folder.path().join("x.safetensors"))?;
    Ok(folder)
}

const PREDICT: [&str; 5] = [
    "predict",
    "net.safetensors",
    "x.safetensors",
    "--out",
    "y.safetensors",
];

#[test]
fn every_command_explains_itself_with_examples() {
    let folder = tempdir().expect("a folder");
    let cases = [
        (&["--help"][..], ["replicate", "predict"]),
        (
            &["replicate", "--help"],
            ["--resume [<DIR>]", "crossmax replicate --resume"],
        ),
        (
            &["predict", "--help"],
            ["--input-gradient", "crossmax predict runs/pocket"],
        ),
    ];
    for (arguments, parts) in cases {
        let ran = run(folder.path(), arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        for part in parts
            .into_iter()
            .chain(["Examples:", "--device", "--seed", "--threads", "--json"])
        {
            assert!(ran.stdout.contains(part), "{arguments:?} does not mention {part}");
        }
    }
    let ran = run(folder.path(), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("Usage: crossmax"));
}

#[test]
fn wrong_usage_ends_with_2_and_one_line_and_leaves_nothing() {
    let folder = tempdir().expect("a folder");
    let cases: [(&[&str], &str); 32] = [
        (&["fly"], "unrecognized subcommand 'fly'"),
        (
            &["replicate", "--epss", "0.1"],
            "unexpected argument '--epss' found; tip: a similar argument exists: '--eps'",
        ),
        (&["replicate", "--eps"], "a value is required for '--eps"),
        (&["replicate", "--eps", "2"], "attack.eps is 2, expected 0 to 1"),
        (
            &["replicate", "--eps", "-51/255"],
            "attack.eps is -0.2, expected 0 to 1",
        ),
        (
            &["replicate", "--eps", "1/0"],
            "invalid value '1/0' for '--eps <8/255|0.03>': not a finite number",
        ),
        (
            &["replicate", "--epochs", "0"],
            "backbone.epochs is 0, expected 1 to 10000",
        ),
        (&["replicate", "--head-epochs", "0"], "heads.epochs is 0"),
        (
            &["replicate", "--batch", "1"],
            "backbone.batch is 1, expected 2 to 65536",
        ),
        (&["replicate", "--lr", "0"], "backbone.lr is 0"),
        (&["replicate", "--train-images", "1"], "data.train_images is 1"),
        (&["replicate", "--test-images", "0"], "data.test_images is 0"),
        (&["replicate", "--attack-images", "0"], "attack.images is 0"),
        (
            &["replicate", "--iterations", "99999"],
            "attack.iterations is 99999",
        ),
        (&["replicate", "--eot", "0"], "attack.eot is 0"),
        (&["replicate", "--attack-block", "0"], "attack.block is 0"),
        (&["replicate", "--sub-batch", "0"], "attack.sub_batch is 0"),
        (&["replicate", "--noise", "-1"], "noise is -1, expected 0 to 10"),
        (
            &["replicate", "--noise-kind", "pink"],
            "unknown variant `pink`, expected `uniform` or `gaussian`",
        ),
        (
            &["replicate", "--resolutions", "32,0"],
            "resolution 0, expected 1 to 4096 pixels",
        ),
        (
            &["replicate", "--top-k", "99"],
            "fewer than the method's top_k of 99",
        ),
        (&["replicate", "--heads", "2,x"], "invalid value 'x' for '--heads"),
        (
            &["replicate", "--heads", "2,3,77"],
            "heads.layers is 77, expected 0 to 9",
        ),
        (
            &["replicate", "--heads", "2,3,2"],
            "heads.layers names layer 2 twice",
        ),
        (
            &["replicate", "--preset", "huge"],
            "there is no preset huge; there is: pocket",
        ),
        (&["replicate", "--threads", "0"], "0 is not in 1..=1024"),
        (
            &["replicate", "--device", "tpu"],
            "expected auto, cpu, cuda or cuda:N",
        ),
        (
            &["replicate", "--resume", "--epochs", "3"],
            "--resume goes on under the settings in the run's config.toml",
        ),
        (
            &["replicate", "--resume", "--seed", "3"],
            "--resume goes on under the settings in the run's config.toml",
        ),
        (
            &["predict", "model"],
            "arguments were not provided: --out <FILE>; <IMAGES>",
        ),
        (
            &["predict", "m", "x", "--out", "y", "--member", "head"],
            "expected backbone, layer:N or ensemble",
        ),
        (
            &["predict", "m", "x", "--out", "y", "--mean", "1,2"],
            "2 numbers, expected 3: red, green, blue",
        ),
    ];
    for (arguments, part) in cases {
        fails(folder.path(), arguments, 2, &[part]);
    }
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn a_run_that_cannot_begin_ends_with_1_and_leaves_nothing() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "not a folder").expect("written");
    fs::write(at("bad.toml"), "[attack]\neps = \"much\"\n").expect("written");
    fs::write(at("unknown.toml"), "[attack]\nradius = 1\n").expect("written");
    let small = ["--train-images", "4", "--test-images", "4"];
    let cases: [(&[&str], &[&str]); 7] = [
        (
            &["--data", "absent"],
            &[
                "absent: expected a folder with CIFAR-10 or CIFAR-100",
                "found nothing there",
            ],
        ),
        (&["--data", "file"], &["file: expected a folder", "found a file"]),
        (
            &["--device", "cuda"],
            &["device cuda:0: opening it failed: this version computes on the CPU only"],
        ),
        (&["--out", "file/run"], &["file/run", "cannot create the folder"]),
        (
            &["--config", "absent.toml"],
            &["absent.toml: cannot read the configuration"],
        ),
        (
            &["--config", "bad.toml"],
            &["bad.toml: expected a configuration", "eps"],
        ),
        (
            &["--config", "unknown.toml"],
            &["unknown.toml: expected a configuration", "unknown field `radius`"],
        ),
    ];
    for (arguments, parts) in cases {
        fails(
            folder.path(),
            &[&["replicate"], &small[..], arguments].concat(),
            1,
            parts,
        );
    }
    fails(
        folder.path(),
        &["replicate", "--resume"],
        1,
        &["runs: expected a run to go on with, found none"],
    );
    fails(
        folder.path(),
        &["replicate", "--resume", "absent"],
        1,
        &["absent: expected a run directory with config.toml"],
    );
    assert_eq!(names_in(folder.path()), ["bad.toml", "file", "unknown.toml"]);
}

#[test]
fn a_folder_that_must_not_be_written_to_is_named() -> Result<()> {
    let folder = ready_to_predict()?;
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).expect("made");
    let mut permissions = fs::metadata(&locked).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&locked, permissions).expect("set");
    if fs::write(locked.join("probe"), "").is_ok() {
        // The administrator may write anywhere: a pseudo file system refuses even that.
        #[cfg(target_os = "linux")]
        fails(
            folder.path(),
            &["replicate", "--out", "/proc/crossmax", "--train-images", "4"],
            1,
            &["/proc/crossmax"],
        );
        return Ok(());
    }
    fails(
        folder.path(),
        &["replicate", "--out", "locked/run", "--train-images", "4"],
        1,
        &["locked/run", "cannot"],
    );
    let predict = [
        "predict",
        "net.safetensors",
        "x.safetensors",
        "--out",
        "locked/y.safetensors",
    ];
    fails(
        folder.path(),
        &predict,
        1,
        &["locked/y.safetensors: cannot write the file"],
    );
    Ok(())
}

#[test]
fn json_has_standard_output_for_itself() -> Result<()> {
    let folder = ready_to_predict()?;
    pictures(2, Some(vec![0, 4])).save(&folder.path().join("x.safetensors"))?;
    let ran = run(folder.path(), &[&PREDICT[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let object: serde_json::Value =
        serde_json::from_str(&ran.stdout).expect("one JSON object and nothing else");
    assert_eq!(
        (&object["images"], &object["classes"], &object["member"]),
        (&2.into(), &5.into(), &"backbone".into())
    );
    let right = object["predictions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|p| p["class"] == p["label"])
        .count();
    assert_eq!(object["accuracy"].as_f64(), Some(right as f64 / 2.0));
    let told = format!("top-1 accuracy {:.2} % ({right} of 2)", 50.0 * right as f64);
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    // Without --json the text is the output.
    let plain = run(folder.path(), &PREDICT);
    assert!(
        plain.stdout.contains(&told) && !plain.stderr.contains(&told),
        "{}",
        plain.stdout
    );
    // A failure prints no half of an object.
    let failed = run(
        folder.path(),
        &["predict", "absent", "x.safetensors", "--out", "y", "--json"],
    );
    assert_eq!((failed.code, failed.stdout.as_str()), (1, ""));
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Result<()> {
    let folder = ready_to_predict()?;
    for arguments in [&["--help"][..], &PREDICT[..]] {
        let mut child = command(folder.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), told.contains("panicked")),
            (Some(0), false),
            "{arguments:?}: {told}"
        );
    }
    assert!(folder.path().join("y.safetensors").is_file());
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() -> Result<()> {
    let folder = ready_to_predict()?;
    let full = fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("the device");
    let output = command(folder.path(), &PREDICT)
        .stdout(full)
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("crossmax: error: standard output: cannot write: "),
        "{told}"
    );
    Ok(())
}

#[test]
fn predict_refuses_what_it_cannot_use() -> Result<()> {
    let folder = ready_to_predict()?;
    let at = |name: &str| folder.path().join(name);
    let predict = |model: &str, images: &str, more: &[&str], parts: &[&str]| {
        let arguments = ["predict", model, images, "--out", "y.safetensors"];
        fails(folder.path(), &[&arguments[..], more].concat(), 1, parts);
    };
    let whole = fs::read(at("net.safetensors")).expect("read");
    fs::write(at("part.safetensors"), &whole[..whole.len() / 2]).expect("written");
    predict(
        "absent.safetensors",
        "x.safetensors",
        &[],
        &["absent.safetensors: cannot read the file"],
    );
    predict(
        "part.safetensors",
        "x.safetensors",
        &[],
        &["part.safetensors: expected a safetensors file, found "],
    );
    predict(
        "x.safetensors",
        "x.safetensors",
        &[],
        &["x.safetensors: expected a ResNet with torchvision's names"],
    );
    predict(
        ".",
        "x.safetensors",
        &[],
        &[".: expected a run directory with config.toml, found none"],
    );

    let edited = |name: &str, tensor: Option<Stored>| -> Result<()> {
        let mut file = weights(3)?;
        match tensor {
            Some(tensor) => file.tensors.insert(name.to_owned(), tensor),
            None => file.tensors.remove(name),
        };
        file.save(&at("edited.safetensors"))
    };
    let misfits: [(&str, Option<Stored>, &str); 4] = [
        (
            "bn1.bias",
            Some(Stored::F32(Tensor::full([16], f32::NAN))),
            "1 not finite (bn1.bias)",
        ),
        (
            "bn1.bias",
            Some(Stored::F32(Tensor::zeros([17]))),
            "1 of another shape (bn1.bias is [17], needed [16])",
        ),
        ("fc.bias", None, "1 missing (fc.bias)"),
        (
            "fc.more",
            Some(Stored::F32(Tensor::zeros([1]))),
            "1 unexpected (fc.more)",
        ),
    ];
    for (name, tensor, found) in misfits {
        edited(name, tensor)?;
        let expected = "edited.safetensors: expected the tensors of this architecture, found ";
        predict("edited.safetensors", "x.safetensors", &[], &[expected, found]);
    }
    weights(12)?.save(&at("views.safetensors"))?;
    let parts = [
        "views.safetensors: expected a network on pictures of 3 channels, found one of 12",
        "run directory",
    ];
    predict("views.safetensors", "x.safetensors", &[], &parts);

    let net = "net.safetensors";
    predict(net, "absent", &[], &["absent: cannot read the picture"]);
    predict(
        net,
        net,
        &[],
        &["net.safetensors: expected a tensor `images` (N,3,H,W)"],
    );
    fs::create_dir(at("mixed")).expect("made");
    for (name, side) in [("a.png", 4), ("b.png", 5)] {
        let file = fs::File::create(at("mixed").join(name)).expect("made");
        let mut encoder = png::Encoder::new(file, side, side);
        encoder.set_color(png::ColorType::Rgb);
        let pixels = vec![9; (side * side * 3) as usize];
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&pixels))
            .expect("written");
    }
    predict(
        net,
        "mixed",
        &[],
        &["mixed/b.png: expected 4×4 pixels as mixed/a.png, found 5×5"],
    );
    pictures(2, Some(vec![0, 5])).save(&at("labelled.safetensors"))?;
    predict(
        net,
        "labelled.safetensors",
        &[],
        &["labelled.safetensors: expected labels below 5", "found 5"],
    );
    predict(
        net,
        "x.safetensors",
        &["--std", "1,0,1"],
        &["`std` is 0, expected positive numbers"],
    );
    assert!(!at("y.safetensors").exists());
    fails(
        folder.path(),
        &["predict", net, "x.safetensors", "--out", "no/y"],
        1,
        &["no/y: expected a file to write"],
    );
    fails(
        folder.path(),
        &[&PREDICT[..], &["--member", "ensemble"]].concat(),
        2,
        &["has only its backbone"],
    );
    Ok(())
}
