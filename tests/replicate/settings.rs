//! Shrunken configurations, and running them in this process.

use super::Checked;
use crossmax::device::Device;
use crossmax::replicate::{Config, Outcome, Silent, run};
use std::path::Path;

/// Every stage of the pocket preset, each as small as it can be without being trivial, on the data
/// in `source`.
pub fn shrunken(source: &str) -> Config {
    let mut config = Config::preset("pocket").unwrap();
    config.data.source = source.to_owned();
    config.data.train_images = 240;
    config.data.test_images = 60;
    config.backbone.stem_width = 4;
    config.backbone.widths = vec![4, 8];
    config.backbone.blocks = vec![1, 1];
    config.backbone.epochs = 2;
    config.backbone.batch = 16;
    config.backbone.lr = 0.02;
    config.heads.layers = vec![2, 4];
    config.heads.batch = 32;
    config.heads.lr = 0.01;
    config.attack.eps = 32.0 / 255.0;
    config.attack.images = 6;
    config.attack.iterations = 10;
    config.attack.eot = 2;
    config.attack.reevaluations = 3;
    config.attack.block = 4;
    config.attack.sub_batch = 8;
    config.figures.prototypes_per_class = 2;
    config.figures.prototype_steps = 15;
    config.figures.votes = 3;
    config
}

/// Runs `config` into `out` with this many threads.
pub fn run_with_threads(config: &Config, out: &Path, threads: usize) -> Checked<Outcome> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    Ok(pool.install(|| run(config, out, false, &Device::Cpu, &Silent))?)
}
