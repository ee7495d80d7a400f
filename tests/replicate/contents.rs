//! What a finished run leaves in its directory.

use super::Checked;
use super::directory::contents;
use super::photos::Layout;
use super::settings::{run_with_threads, shrunken};
use super::summary::{check_summary, fraction, strings};
use crossmax::attacks::{Classifier, Draw};
use crossmax::data::{Dataset, Source, Split};
use crossmax::ensemble::{Aggregation, EnsembleClassifier, Stream};
use crossmax::io::{Stored, TensorFile};
use crossmax::replicate::{Config, EpochMetrics, OpenRun, open_run};
use crossmax::tensor::Tensor;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// Files of every run, beside checkpoints and figures.
const FILES: [&str; 13] = [
    "attack/adversarial.safetensors",
    "attack/baseline.safetensors",
    "attack/prototypes.safetensors",
    "attack/state.safetensors",
    "attack/surrogate.safetensors",
    "backbone.safetensors",
    "baseline.safetensors",
    "config.toml",
    "heads.safetensors",
    "metrics.jsonl",
    "report.html",
    "run.lock",
    "summary.json",
];

#[test]
fn a_run_on_drawn_pictures_is_complete() -> Checked {
    let out = tempfile::tempdir()?;
    let config = shrunken("drawn");
    let outcome = run_with_threads(&config, out.path(), 2)?;
    assert!(
        outcome.text.contains("self-ensemble, AutoAttack rand"),
        "{}",
        outcome.text
    );
    let data = Source::Drawn {
        seed: config.seed,
        train: config.data.train_images,
        test: config.data.test_images,
    };
    check(out.path(), &config, &data.open()?, &outcome.summary)?;
    assert_eq!(outcome.summary["dataset"], "drawn");
    Ok(())
}

#[test]
fn a_run_on_a_published_layout_learns_and_is_broken() -> Checked {
    let (out, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    Layout::Cifar100.write(folder.path(), 240, 60)?;
    let mut config = shrunken(&folder.path().display().to_string());
    config.figures.prototypes_per_class = 1;
    config.figures.prototype_steps = 5;
    let summary = run_with_threads(&config, out.path(), 2)?.summary;
    check(
        out.path(),
        &config,
        &Source::Path(folder.path().into()).open()?,
        &summary,
    )?;
    assert_eq!(summary["dataset"], "CIFAR-100");
    assert_eq!(
        strings(&summary["dataset_warnings"]).len(),
        2,
        "{}",
        summary["dataset_warnings"]
    );
    assert_eq!(summary["classes"][99], "class_99");
    assert!(
        fraction(&summary, "/clean_accuracy/backbone") > 0.5,
        "{summary:#}"
    );
    assert!(
        fraction(&summary, "/clean_accuracy/ensemble") > 0.5,
        "{summary:#}"
    );
    let [initial, robust] =
        ["initial", "robust"].map(|name| fraction(&summary, &format!("/autoattack/{name}")));
    assert!(robust < initial, "nothing was broken: {summary:#}");
    Ok(())
}

/// Checks all files of the run of `config` on `data` in `out`.
pub fn check(out: &Path, config: &Config, data: &Dataset, summary: &Value) -> Checked {
    let found = contents(out)?;
    let stored: Value = serde_json::from_slice(&std::fs::read(out.join("summary.json"))?)?;
    assert_eq!(&stored, summary, "summary.json is not what was returned");
    assert_eq!(&Config::load(&out.join("config.toml"))?, config);

    let elsewhere = |name: &&String| !name.starts_with("checkpoints/") && !name.starts_with("figures/");
    assert_eq!(found.keys().filter(elsewhere).collect::<Vec<_>>(), FILES);
    check_summary(summary, config, data);
    check_figures(out, summary, data)?;
    check_metrics(&String::from_utf8(found["metrics.jsonl"].clone())?, config)?;
    check_adversarial(out, config, data, summary)?;
    check_weights(open_run(out)?, config, data, summary)
}

fn check_figures(out: &Path, summary: &Value, data: &Dataset) -> Checked {
    let named: BTreeSet<String> = strings(&summary["figures"])
        .into_iter()
        .map(String::from)
        .collect();
    let on_disk = std::fs::read_dir(out.join("figures"))?.flatten();
    let on_disk: BTreeSet<String> = on_disk
        .map(|file| format!("figures/{}", file.file_name().display()))
        .collect();
    assert_eq!(named, on_disk);
    let mut expected = [
        "attack",
        "broken",
        "curves",
        "curves-loss",
        "curves-accuracy",
        "layers",
        "prototypes",
        "views",
    ]
    .map(String::from)
    .to_vec();
    expected.extend((0..data.classes.len()).map(|class| format!("prototype-{class:03}")));
    for name in expected {
        assert!(named.contains(&format!("figures/{name}.png")), "no figure {name}");
    }
    for name in ["attack", "curves", "curves-accuracy", "curves-loss", "layers"] {
        let svg = std::fs::read_to_string(out.join(format!("figures/{name}.svg")))?;
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{name}");
    }
    for name in named.iter().filter(|name| name.ends_with(".png")) {
        let file = std::io::BufReader::new(std::fs::File::open(out.join(name))?);
        let mut reader = png::Decoder::new(file).read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().ok_or("a picture beyond memory")?];
        let info = reader.next_frame(&mut pixels)?;
        assert!(
            info.width >= 60 && info.height >= 60,
            "{name} has {}×{} pixels",
            info.width,
            info.height
        );
        let colours: HashSet<&[u8]> = pixels.chunks_exact(info.color_type.samples()).collect();
        assert!(colours.len() > 20, "{name} has {} colours", colours.len());
    }
    Ok(())
}

fn check_metrics(text: &str, config: &Config) -> Checked {
    let lines: Vec<EpochMetrics> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let mut expected = Vec::new();
    let epochs = [
        config.backbone.epochs,
        config.heads.epochs,
        config.heads.epochs,
        config.backbone.epochs,
    ];
    for (stage, epochs) in ["backbone", "head 4", "head 2", "baseline"]
        .into_iter()
        .zip(epochs)
    {
        expected.extend((1..=epochs).map(|epoch| (stage, epoch)));
    }
    let found: Vec<(&str, u16)> = lines.iter().map(|line| (&line.stage[..], line.epoch)).collect();
    assert_eq!(found, expected);
    for line in &lines {
        assert!(line.train_loss.is_finite() && line.train_loss > 0.0, "{line:?}");
        assert!((0.0..=1.0).contains(&line.train_accuracy), "{line:?}");
        assert_eq!(
            line.test_accuracy.is_some(),
            !line.stage.starts_with("head"),
            "{line:?}"
        );
    }
    Ok(())
}

fn check_adversarial(out: &Path, config: &Config, data: &Dataset, summary: &Value) -> Checked {
    let file = TensorFile::load(&out.join("attack/adversarial.safetensors"))?;
    let pictures = |name: &str| match file.tensors.get(name) {
        Some(Stored::F32(pictures)) => Ok(pictures.clone()),
        found => Err(format!("{name} is {found:?}")),
    };
    let integers = |name: &str| match file.tensors.get(name) {
        Some(Stored::Int(_, values)) => Ok(values.clone()),
        found => Err(format!("{name} is {found:?}")),
    };
    let n = config.attack.images;
    let first: Vec<usize> = (0..n).collect();
    let clean = pictures("clean")?;
    let expected: Tensor = data.test.batch(&first)?;
    assert!(
        clean.to_vec()? == expected.nhwc_to_nchw()?.to_vec()?,
        "`clean` is not the first test images, N,3,H,W"
    );
    assert_eq!(
        integers("labels")?,
        data.test
            .labels_of(&first)
            .iter()
            .map(|&l| l as i64)
            .collect::<Vec<_>>()
    );
    assert_eq!(integers("ids")?, (0..n as i64).collect::<Vec<_>>());

    let adversarial = pictures("images")?;
    assert_eq!(adversarial.dims(), clean.dims());
    // The bound is rounded to f32 like the images.
    let bound = config.attack.eps as f32 + f32::EPSILON;
    for (i, (a, c)) in adversarial.to_vec()?.into_iter().zip(clean.to_vec()?).enumerate() {
        assert!(
            (0.0..=1.0).contains(&a) && (a - c).abs() <= bound,
            "element {i}: {c} became {a}"
        );
    }

    let share = |flags: Vec<i64>| flags.iter().sum::<i64>() as f64 / n as f64;
    assert_eq!(
        share(integers("initially_right")?),
        fraction(summary, "/autoattack/initial")
    );
    assert_eq!(
        share(integers("never_broken")?),
        fraction(summary, "/autoattack/robust")
    );
    let unattacked = integers("initially_right")?.iter().position(|&right| right == 0);
    if let Some(image) = unattacked {
        assert_eq!(
            adversarial.rows(image, 1)?.to_vec()?,
            clean.rows(image, 1)?.to_vec()?,
            "image {image} was wrong at once and yet attacked"
        );
    }
    Ok(())
}

/// The weights in the run give the accuracies in its summary.
fn check_weights(run: OpenRun, config: &Config, data: &Dataset, summary: &Value) -> Checked {
    assert_eq!(
        (&run.config, &run.classes, run.image_size),
        (config, &data.classes, 32)
    );
    let clean = |name: &str| fraction(summary, &format!("/clean_accuracy/{name}"));
    for (aggregation, expected) in [
        (Aggregation::CrossMax, clean("ensemble")),
        (Aggregation::Member(0), clean("layers/2")),
        (Aggregation::Member(1), clean("layers/4")),
        (Aggregation::Member(2), clean("backbone")),
    ] {
        let classifier = EnsembleClassifier::new(&run.ensemble, aggregation)?;
        assert_eq!(
            accuracy(&classifier, &data.test, config.data.test_images)?,
            expected,
            "{aggregation:?}"
        );
    }
    Ok(())
}

/// Share of the first `n` images that are classified rightly, all at once.
fn accuracy(classifier: &dyn Classifier, test: &Split, n: usize) -> Checked<f64> {
    let images: Vec<usize> = (0..n).collect();
    let draws: Vec<Draw> = images
        .iter()
        .map(|&image| Stream::CleanTest.draw(image as u32, 0, 0))
        .collect();
    let logits = classifier.logits(&test.batch(&images)?, &draws)?.to_vec()?;
    let rows = logits
        .chunks_exact(classifier.classes())
        .zip(test.labels_of(&images));
    let right = rows.filter(|(row, label)| row.iter().all(|logit| *logit <= row[*label]));
    Ok(right.count() as f64 / n as f64)
}
