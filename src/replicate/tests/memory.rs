//! The plan of memory at its edges; against real runs it is compared in `tests/memory_plan.rs`.

use crate::Result;
use crate::device::Device;
use crate::replicate::{Config, DataShape, MemoryPlan, StageMemory, choose_batch};

const SHAPE: DataShape = DataShape {
    image_size: 32,
    classes: 12,
};

fn backbone(config: &Config) -> StageMemory {
    let plan = MemoryPlan::of(config, SHAPE, &Device::Cpu);
    plan.stages.into_iter().next().expect("the backbone's stage")
}

#[test]
fn accumulated_gradients_count_twice() -> Result<()> {
    let mut config = Config::preset("pocket")?;
    let whole = backbone(&config);
    config.backbone.micro_batch = Some(config.backbone.batch);
    assert_eq!(backbone(&config), whole);
    config.backbone.micro_batch = Some(2);
    assert_eq!(backbone(&config).gradients, 2 * whole.gradients);
    Ok(())
}

#[test]
fn no_pass_has_more_images_than_there_are() -> Result<()> {
    let mut config = Config::preset("pocket")?;
    config.data.train_images = 16;
    config.backbone.batch = 16;
    let few = backbone(&config);
    config.backbone.batch = 65_536;
    assert_eq!(backbone(&config), few);
    Ok(())
}

#[test]
fn an_automatic_batch_keeps_the_micro_batch_and_looks_at_every_stage() -> Result<()> {
    let mut config = Config::preset("pocket")?;
    config.backbone.micro_batch = Some(4);
    assert!(choose_batch(&mut config, SHAPE, &Device::Cpu, 1 << 50));
    assert_eq!(
        (config.backbone.batch, config.backbone.micro_batch),
        (512, Some(4))
    );
    // Training fits and the attack does not.
    config.attack.images = 10_000;
    config.attack.sub_batch = 100_000;
    let room = 2 * backbone(&config).total();
    assert!(!choose_batch(&mut config, SHAPE, &Device::Cpu, room));
    assert_eq!(config.backbone.batch, 512);
    Ok(())
}

#[test]
fn sums_of_absurd_sizes_end_at_the_most() -> Result<()> {
    let mut config = Config::preset("pocket")?;
    config.backbone.input_size = 4096;
    config.backbone.widths = vec![65_536; 3];
    config.backbone.blocks = vec![1000; 3];
    config.backbone.batch = 65_536;
    config.data.train_images = 65_536;
    config.attack.images = 1_000_000;
    config.attack.sub_batch = 1_000_000;
    let plan = MemoryPlan::of(&config, SHAPE, &Device::Cpu);
    assert!(plan.peak() > 1 << 44);
    Ok(())
}
