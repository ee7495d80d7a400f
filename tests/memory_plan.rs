//! The plan of a run's memory against what the run takes. The counters belong to the whole process, so this file has
//! one test and no neighbours: the other one, of minutes, runs alone when it is asked for.

use crossmax::device::Device;
use crossmax::models::BlockKind;
use crossmax::replicate::{Config, DataShape, MemoryPlan, Silent, Sources, run};
use crossmax::tensor::memory_use;

type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A run of seconds in which one stage needs by far the most.
fn small() -> crossmax::Result<Config> {
    let mut config = Config::preset("pocket")?;
    config.data.train_images = 64;
    config.data.test_images = 32;
    config.backbone.epochs = 1;
    config.backbone.batch = 8;
    config.heads.batch = 8;
    config.heads.layers = vec![2, 4];
    config.attack.images = 8;
    config.attack.iterations = 1;
    config.attack.eot = 8;
    config.attack.reevaluations = 1;
    config.attack.block = 8;
    config.attack.sub_batch = 2;
    config.figures.prototypes_per_class = 1;
    config.figures.prototype_steps = 1;
    config.figures.votes = 1;
    Ok(config)
}

/// The plan's peak, and the stage that has it.
fn planned(config: &Config) -> Checked<(String, u64)> {
    let plan = MemoryPlan::of(config, DataShape::of(config, &Sources::new(None)?)?, &Device::Cpu);
    let worst = plan.stages.iter().max_by_key(|stage| stage.total());
    Ok(worst
        .map(|stage| (stage.stage.clone(), stage.total()))
        .ok_or("no stages")?)
}

#[test]
fn a_run_takes_what_its_plan_says() -> Checked {
    let mut attacked = small()?;
    attacked.attack.sub_batch = 32;
    let mut basic = small()?;
    basic.backbone.batch = 64;
    let mut pooled = small()?;
    pooled.backbone.block = BlockKind::Bottleneck;
    pooled.backbone.stem_max_pool = true;
    pooled.backbone.stem_stride = 1;
    pooled.backbone.input_size = 64;
    pooled.backbone.batch = 64;
    let mut in_parts = pooled.clone();
    in_parts.backbone.micro_batch = Some(16);
    let folder = tempfile::tempdir()?;
    // The counter of the most that was in use never falls: from the smallest to the largest.
    let configs = [
        ("attacked", attacked),
        ("basic", basic),
        ("in parts", in_parts),
        ("pooled", pooled),
    ];
    for (name, config) in configs {
        let (stage, planned) = planned(&config)?;
        run(&config, &folder.path().join(name), false, &Device::Cpu, &Silent)?;
        let taken = memory_use().peak as u64;
        println!("{name}: {stage}, planned {planned}, taken {taken}");
        let ratio = planned as f64 / taken as f64;
        assert!(
            (0.75..1.25).contains(&ratio),
            "{name}: {stage} planned {planned}, taken {taken}"
        );
    }
    Ok(())
}

/// The paper's network at its real size does every step of the method on a CPU.
#[test]
#[ignore = "ResNet152 at 224×224 pixels: minutes on two cores"]
fn resnet152_learns_and_is_attacked_below_8_gib() -> Checked {
    let small = small()?;
    let mut config = Config::preset("cifar100")?;
    config.data = small.data.clone();
    config.data.train_images = 4;
    config.data.test_images = 2;
    config.backbone.weights = None;
    config.backbone.epochs = 1;
    config.backbone.batch = 2;
    config.heads.batch = 2;
    config.attack = small.attack.clone();
    config.attack.images = 2;
    config.attack.eot = 1;
    config.figures = small.figures.clone();
    let (stage, planned) = planned(&config)?;
    let folder = tempfile::tempdir()?;
    run(&config, &folder.path().join("run"), false, &Device::Cpu, &Silent)?;
    let taken = memory_use().peak as u64;
    println!("{stage}, planned {planned}, taken {taken}");
    assert!(taken < 8 << 30, "{taken} bytes");
    let ratio = planned as f64 / taken as f64;
    assert!(
        (0.75..1.25).contains(&ratio),
        "{stage} planned {planned}, taken {taken}"
    );
    Ok(())
}
