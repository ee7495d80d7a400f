//! The presets: what each is, and that none moves unnoticed.

use crate::Result;
use crate::replicate::Config;

#[test]
fn every_preset_is_whole_and_known_by_its_name() -> Result<()> {
    for name in Config::preset_names() {
        let config = Config::preset(name)?;
        assert_eq!(config.preset, name);
        config.check()?;
    }
    Ok(())
}

#[test]
fn pocket_stays_what_it_is() -> Result<()> {
    // Runs that were begun with it go on only while this is its hash.
    let hash = "491b0f868c2f133be310233e55b7178483d1d8d1f83c13857a4e7f618ce79ad4";
    assert_eq!(Config::preset("pocket")?.hash()?, hash);
    Ok(())
}

#[test]
fn cifar100_is_the_notebook() -> Result<()> {
    let config = Config::preset("cifar100")?;
    let network = config.network(12, 100);
    assert_eq!(network, crate::models::ResNetConfig::torchvision(152, 12, 100)?);
    let cost = network.cost(config.backbone.input_size);
    let features: Vec<usize> = config
        .head_layers()
        .iter()
        .map(|&layer| cost.layers[layer].iter().product())
        .collect();
    assert_eq!(
        features,
        [200_704, 200_704, 200_704, 200_704, 200_704, 100_352, 2048]
    );
    assert_eq!(config.attack.eps.to_bits(), (8.0 / 255.0_f64).to_bits());
    assert_eq!(
        config.figures.prototype_scale.to_bits(),
        (128.0 / 255.0_f64).to_bits()
    );
    for name in ["cifar10", "mnist"] {
        let mut same = Config::preset(name)?;
        same.preset.clone_from(&config.preset);
        same.data = config.data.clone();
        assert_eq!(same, config, "{name}");
    }
    Ok(())
}

#[test]
fn the_small_one_fits_its_time() -> Result<()> {
    let config = Config::preset("cifar100-small")?;
    // Told by the preset's file and by the README.
    let pass = config.network(12, 100).cost(32).flops() as f64;
    assert!((46.5e6..47.5e6).contains(&pass), "{pass}");
    let work = crate::replicate::Forecast::of(&config, 100).total();
    // Two cores do about 100 GFLOP/s over a whole run of pocket.
    let minutes = work / 100e9 / 60.0;
    assert!((10.0..30.0).contains(&minutes), "{minutes} minutes");
    assert_eq!(config.head_layers(), crate::models::default_head_layers(9));
    Ok(())
}
