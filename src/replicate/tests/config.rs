//! Configurations: their file, what overrides what, and their ranges.

use crate::ensemble::{BackbonePass, ContrastRule, HeadBatchNorm, NoiseKind};
use crate::models::BlockKind;
use crate::replicate::Config;
use crate::testing::assertions::refusal;
use std::path::PathBuf;
use tempfile::TempDir;

type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A configuration in which no value is the preset's.
fn unusual() -> Config {
    let mut config = Config::preset("pocket").unwrap();
    config.seed = i64::MAX as u64;
    config.data.source = "a \"folder\"\\with = signs".into();
    config.backbone.lr = 0.1 + 0.2;
    config.backbone.cosine = false;
    config.backbone.block = BlockKind::Bottleneck;
    config.backbone.widths = vec![3, 5];
    config.backbone.blocks = vec![2, 2];
    config.heads.layers = vec![5, 1, 3];
    config.method.resolutions = vec![7];
    config.method.noise = 1.0 / 3.0;
    config.method.noise_kind = NoiseKind::Gaussian;
    config.method.contrast = ContrastRule::Independent;
    config.method.top_k = 2;
    config.method.backbone_pass = BackbonePass::Shared;
    config.method.head_batch_norm = HeadBatchNorm::Frozen;
    config.attack.eps = 5e-324;
    config.figures.prototype_loss = 1e-300;
    config
}

/// A file with this text.
fn file(text: &str) -> TestResult<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, text)?;
    Ok((folder, path))
}

/// The message with which `text` is refused as an override of the preset, without the file's name.
fn refused(text: &str) -> TestResult<String> {
    let (_folder, path) = file(text)?;
    let line = refusal(Config::preset("pocket").unwrap().overridden_by(&path));
    assert!(!line.contains('\n'), "{line}");
    let rest = line.strip_prefix(&format!("{}: ", path.display()));
    Ok(rest
        .ok_or(format!("the file is not named first: {line}"))?
        .to_owned())
}

#[test]
fn a_file_gives_back_what_was_written() -> TestResult {
    for config in [Config::preset("pocket").unwrap(), unusual()] {
        config.check()?;
        let (_folder, path) = file(&config.to_toml()?)?;
        assert_eq!(Config::load(&path)?, config);
        assert_eq!(Config::preset("pocket").unwrap().overridden_by(&path)?, config);
    }
    Ok(())
}

#[test]
fn a_partial_file_overrides_what_it_names() -> TestResult {
    let text = "seed = 5\n[backbone]\nwidths = [1]\nlr = 1\n[method]\ncontrast = \"independent\"\n[attack]\neps = 0.5";
    let (_folder, path) = file(text)?;
    let mut expected = Config::preset("pocket").unwrap();
    expected.seed = 5;
    expected.backbone.widths = vec![1];
    expected.backbone.lr = 1.0;
    expected.method.contrast = ContrastRule::Independent;
    expected.attack.eps = 0.5;
    assert_eq!(Config::preset("pocket").unwrap().overridden_by(&path)?, expected);
    let (_folder, nothing) = file("")?;
    assert_eq!(
        Config::preset("pocket").unwrap().overridden_by(&nothing)?,
        Config::preset("pocket").unwrap()
    );
    Ok(())
}

#[test]
fn what_a_file_must_not_hold_is_named() -> TestResult {
    for (text, named) in [
        ("[backbone]\nepoch = 3", "epoch"),
        ("[method]\nviews = 3", "views"),
        ("[attak]\neps = 0.5", "attak"),
        ("[backbone]\nepochs = -1", "-1"),
        ("[backbone]\nepochs = 70000", "70000"),
        ("[backbone]\nepochs = 2.5", "2.5"),
        ("[method]\nnoise_kind = \"pink\"", "pink"),
        ("attack = 3", "attack"),
        ("seed = ", "line 1"),
        ("[data]\nsource = 3", "source"),
    ] {
        let line = refused(text)?;
        assert!(line.contains(named), "{text:?}: {line}");
        assert!(
            line.starts_with("expected a configuration as a run's config.toml"),
            "{text:?}: {line}"
        );
    }
    let (_folder, partial) = file("seed = 3")?;
    let line = refusal(Config::load(&partial));
    assert!(
        line.contains("missing field"),
        "a run's own file must be complete: {line}"
    );
    let absent = refusal(Config::load(&partial.with_file_name("absent.toml")));
    assert!(absent.contains("absent.toml: cannot read the file"), "{absent}");
    Ok(())
}

#[test]
fn values_out_of_range_are_named() {
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 35] = [
        ("seed is 9223372036854775808", |c| c.seed = 1 << 63),
        ("backbone.input_size is 3", |c| c.backbone.input_size = 3),
        ("backbone.input_size is 5000", |c| c.backbone.input_size = 5000),
        ("backbone.widths is 0", |c| c.backbone.widths[1] = 0),
        ("backbone.blocks is", |c| c.backbone.blocks[0] = usize::MAX),
        ("backbone.epochs is 0", |c| c.backbone.epochs = 0),
        ("backbone.batch is 1", |c| c.backbone.batch = 1),
        ("backbone.lr is 0", |c| c.backbone.lr = 0.0),
        ("backbone.lr is NaN", |c| c.backbone.lr = f64::NAN),
        ("heads.epochs is 0", |c| c.heads.epochs = 0),
        ("heads.batch is 0", |c| c.heads.batch = 0),
        ("heads.lr is inf", |c| c.heads.lr = f64::INFINITY),
        ("heads.layers is 10", |c| c.heads.layers = vec![1, 2, 10]),
        ("heads.layers names layer 2 twice", |c| {
            c.heads.layers = vec![2, 1, 2]
        }),
        (
            "1 heads and the backbone are fewer than the method's top_k of 3",
            |c| c.heads.layers = vec![2],
        ),
        ("data.train_images is 1", |c| c.data.train_images = 1),
        ("data.test_images is 0", |c| c.data.test_images = 0),
        ("attack.eps is -0.1", |c| c.attack.eps = -0.1),
        ("attack.eps is 1.5", |c| c.attack.eps = 1.5),
        ("attack.eps is NaN", |c| c.attack.eps = f64::NAN),
        ("attack.images is 0", |c| c.attack.images = 0),
        ("attack.iterations is 0", |c| c.attack.iterations = 0),
        ("attack.iterations is 65536", |c| c.attack.iterations = 65_536),
        ("attack.eot is 0", |c| c.attack.eot = 0),
        ("attack.reevaluations is 0", |c| c.attack.reevaluations = 0),
        ("attack.block is 0", |c| c.attack.block = 0),
        ("attack.sub_batch is 0", |c| c.attack.sub_batch = 0),
        ("figures.prototypes_per_class is 0", |c| {
            c.figures.prototypes_per_class = 0
        }),
        ("figures.prototype_steps is 0", |c| c.figures.prototype_steps = 0),
        ("figures.prototype_lr is 0", |c| c.figures.prototype_lr = 0.0),
        ("figures.prototype_scale is 2", |c| {
            c.figures.prototype_scale = 2.0
        }),
        ("figures.prototype_loss is -1", |c| {
            c.figures.prototype_loss = -1.0
        }),
        ("figures.votes is 0", |c| c.figures.votes = 0),
        ("noise is -1", |c| c.method.noise = -1.0),
        ("top_k is 0", |c| c.method.top_k = 0),
    ];
    for (expected, change) in changes {
        let mut config = Config::preset("pocket").unwrap();
        change(&mut config);
        let error = config.check().err();
        assert_eq!(error.as_ref().map(crate::Error::exit_code), Some(2), "{expected}");
        let line = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(line.starts_with(expected), "{line}, not {expected}");
    }
    assert_eq!(
        refusal(Config::preset("rocket")),
        "there is no preset rocket; there are: pocket, cifar100-small, cifar100, cifar10, mnist"
    );
}

#[test]
fn the_hash_is_of_everything_that_decides_the_result() -> TestResult {
    let pocket = Config::preset("pocket").unwrap();
    let mut same = pocket.clone();
    same.attack.sub_batch += 1;
    assert_eq!(same.hash()?, pocket.hash()?);
    type Change = fn(&mut Config);
    let changes: [Change; 8] = [
        |c| c.seed += 1,
        |c| c.data.test_images += 1,
        |c| c.backbone.cosine ^= true,
        |c| c.heads.layers = vec![1, 2],
        |c| c.method.backbone_pass = BackbonePass::Shared,
        |c| c.attack.block += 1,
        |c| c.attack.eps = f64::from_bits(c.attack.eps.to_bits() + 1),
        |c| c.figures.votes += 1,
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut other = pocket.clone();
        change(&mut other);
        assert_ne!(other.hash()?, pocket.hash()?, "change {i}");
    }
    Ok(())
}

#[test]
fn heads_come_by_layer_and_default_to_the_notebooks() {
    assert_eq!(unusual().head_layers(), [1, 3, 5]);
    assert_eq!(
        Config::preset("pocket").unwrap().head_layers(),
        [2, 3, 4, 5, 6, 7, 8]
    );
}
