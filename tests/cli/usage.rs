//! Help, wrong usage, and runs that cannot begin.

use crate::program::{fails, folder, names_in, run};
use crossmax::device::DeviceChoice;
use std::fs;

#[test]
fn every_command_explains_itself_with_examples() {
    let folder = folder();
    let cases = [
        ("--help", ["replicate", "predict"]),
        (
            "replicate --help",
            ["--resume [<DIR>]", "crossmax replicate --resume"],
        ),
        (
            "predict --help",
            ["--input-gradient", "crossmax predict runs/pocket"],
        ),
        (
            "inspect --help",
            ["[OPTIONS] <FILE>", "crossmax inspect checkpoint.pth"],
        ),
        ("convert --help", ["--force", "crossmax convert resnet152"]),
        ("doctor --help", ["A GPU that is there", "crossmax doctor --json"]),
    ];
    for (line, parts) in cases {
        let ran = run(folder.path(), line);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{line}");
        for part in parts
            .into_iter()
            .chain(["Examples:", "--device", "--seed", "--threads", "--json"])
        {
            assert!(ran.stdout.contains(part), "{line} does not mention {part}");
        }
    }
    let ran = run(folder.path(), "");
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("Usage: crossmax"));
}

#[test]
fn wrong_usage_ends_with_2_and_one_line_and_leaves_nothing() {
    let folder = folder();
    let resumed = "--resume goes on under the settings in the run's config.toml";
    let cases = [
        ("fly", "unrecognized subcommand 'fly'"),
        (
            "replicate --epss 1",
            "unexpected argument '--epss' found; tip: a similar argument exists: '--eps'",
        ),
        ("replicate --eps", "a value is required for '--eps"),
        ("replicate --eps 2", "attack.eps is 2, expected 0 to 1"),
        ("replicate --eps -51/255", "attack.eps is -0.2, expected 0 to 1"),
        (
            "replicate --eps 1/0",
            "invalid value '1/0' for '--eps <8/255|0.03>': not a finite number",
        ),
        (
            "replicate --epochs 0",
            "backbone.epochs is 0, expected 1 to 10000",
        ),
        ("replicate --head-epochs 0", "heads.epochs is 0"),
        ("replicate --batch 1", "backbone.batch is 1, expected 2 to 65536"),
        ("replicate --lr 0", "backbone.lr is 0"),
        ("replicate --batch all", "expected auto or a number"),
        ("replicate --micro-batch 1", "backbone.micro_batch is 1"),
        ("replicate --adversarial pgd:0.1", "expected fgsm:EPS"),
        ("replicate --adversarial fgsm:2", "backbone.adversarial.eps is 2"),
        ("replicate --aggregation mean", "expected `top-k` or `median`"),
        ("replicate --dry-run --resume", "cannot be used with"),
        ("replicate --train-images 1", "data.train_images is 1"),
        ("replicate --test-images 0", "data.test_images is 0"),
        ("replicate --attack-images 0", "attack.images is 0"),
        ("replicate --iterations 99999", "attack.iterations is 99999"),
        ("replicate --eot 0", "attack.eot is 0"),
        ("replicate --attack-block 0", "attack.block is 0"),
        ("replicate --sub-batch 0", "attack.sub_batch is 0"),
        ("replicate --noise -1", "noise is -1, expected 0 to 10"),
        (
            "replicate --noise-kind pink",
            "unknown variant `pink`, expected `uniform` or `gaussian`",
        ),
        (
            "replicate --resolutions 32,0",
            "resolution 0, expected 1 to 4096 pixels",
        ),
        ("replicate --top-k 99", "fewer than the method's top_k of 99"),
        ("replicate --heads 2,x", "invalid value 'x' for '--heads"),
        ("replicate --heads 2,3,77", "heads.layers is 77, expected 0 to 9"),
        ("replicate --heads 2,3,2", "heads.layers names layer 2 twice"),
        (
            "replicate --preset huge",
            "there is no preset huge; there are: pocket, cifar100-small, cifar100, cifar10, mnist",
        ),
        ("replicate --threads 0", "0 is not in 1..=1024"),
        ("replicate --device tpu", "expected auto, cpu, cuda or cuda:N"),
        ("replicate --resume --epochs 3", resumed),
        ("replicate --resume --seed 3", resumed),
        ("replicate --resume runs/pocket --data drawn", resumed),
        (
            "predict model",
            "arguments were not provided: --out <FILE>; <IMAGES>",
        ),
        (
            "predict m x --out y --member head",
            "expected backbone, layer:N or ensemble",
        ),
        (
            "predict m x --out y --mean 1,2",
            "2 numbers, expected 3: red, green, blue",
        ),
        ("predict m x --out y --draws 0", "0 is not in 1..=65535"),
    ];
    for (line, part) in cases {
        fails(folder.path(), line, 2, &[part]);
    }
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn a_run_that_cannot_begin_ends_with_1_and_leaves_nothing() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("file", "not a folder");
    write("bad.toml", "[attack]\neps = \"much\"\n");
    write("unknown.toml", "[attack]\nradius = 1\n");
    let cases: [(&str, &[&str]); 6] = [
        (
            "--data absent",
            &["absent: expected a data set", "found nothing there"],
        ),
        (
            "--data file",
            &["file: expected a data set", "found a file of no known kind"],
        ),
        ("--out file/run", &["file/run", "cannot"]),
        ("--config absent.toml", &["absent.toml: cannot read the file"]),
        (
            "--config bad.toml",
            &["bad.toml: expected a configuration", "eps"],
        ),
        (
            "--config unknown.toml",
            &["unknown.toml: expected a configuration", "unknown field `radius`"],
        ),
    ];
    for (flags, parts) in cases {
        fails(
            folder.path(),
            &format!("replicate --train-images 4 --test-images 4 {flags}"),
            1,
            parts,
        );
    }
    let nothing = ["runs: expected a run to go on with, found none"];
    fails(folder.path(), "replicate --resume", 1, &nothing);
    let nothing = ["absent: expected a run directory with config.toml"];
    fails(folder.path(), "replicate --resume absent", 1, &nothing);
    assert_eq!(names_in(folder.path()), ["bad.toml", "file", "unknown.toml"]);
}

#[test]
fn a_device_that_is_not_there_ends_with_1_and_leaves_nothing() {
    let folder = folder();
    // So many GPUs no machine has.
    let parts = ["device cuda:60000: ", " failed: ", "; "];
    fails(folder.path(), "replicate --device cuda:60000", 1, &parts);
    assert_eq!(names_in(folder.path()), [""; 0]);
    match DeviceChoice::Cuda(0).open() {
        Ok(_) => println!("skipped: there is a GPU"),
        Err(error) => fails(folder.path(), "replicate --device cuda", 1, &[&error.to_string()]),
    }
}
