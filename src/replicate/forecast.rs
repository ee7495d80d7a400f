//! The work of a run, before it is done.

use super::Config;
use crate::models::NetworkCost;
use serde::Serialize;

/// Work of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageWork {
    /// The stage.
    pub stage: String,
    /// Floating-point operations of convolutions and linear layers, two a multiply-add. Of attacks and of pictures
    /// that end early the most that can be.
    pub flops: f64,
}

/// Work of a whole run, stage by stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The stages, in their order.
    pub stages: Vec<StageWork>,
}

impl Forecast {
    /// The work of `config` on data of `classes` classes.
    pub fn of(config: &Config, classes: usize) -> Self {
        let side = config.backbone.input_size;
        let cost = |channels| config.network(channels, classes).cost(side);
        let (views, plain) = (cost(3 * config.method.resolutions.len()), cost(3));
        let pass = views.flops() as f64;
        let head_layers = config.head_layers();
        let one_head = |layer: &usize| head_flops(&views, *layer, classes);
        let all_heads: f64 = head_layers.iter().map(one_head).sum();
        // The heads' pass and the backbone's.
        let ensemble = 2.0 * pass + all_heads;

        let [train, test] = [config.data.train_images, config.data.test_images].map(|n| n as f64);
        let (b, h, attack) = (&config.backbone, &config.heads, &config.attack);
        let epochs = f64::from(b.epochs);
        // A training step is a pass, and twice its work backwards; an attack's gradient goes once backwards.
        let attacked = if b.adversarial.is_some() { 2.0 } else { 0.0 };
        let training = |pass: f64| epochs * pass * (train * (3.0 + attacked) + test);
        let heads = f64::from(h.epochs) * train * (head_layers.len() as f64 * pass + 3.0 * all_heads);
        let gradients = (attack.images * attack.iterations * attack.eot) as f64;
        let pictures =
            (classes * config.figures.prototypes_per_class * config.figures.prototype_steps) as f64;
        let work = [
            ("backbone", training(pass)),
            ("heads", heads),
            ("baseline", training(plain.flops() as f64)),
            ("clean accuracy", test * (ensemble + plain.flops() as f64)),
            // APGD-CE and APGD-DLR.
            ("attack", 2.0 * gradients * 2.0 * ensemble),
            ("surrogate attack", gradients * 2.0 * ensemble),
            (
                "baseline attack",
                2.0 * (attack.images * attack.iterations) as f64 * 2.0 * plain.flops() as f64,
            ),
            ("prototypes", pictures * 2.0 * pass),
        ];
        let stages = work.map(|(stage, flops)| StageWork {
            stage: stage.to_owned(),
            flops,
        });
        Self {
            stages: stages.to_vec(),
        }
    }

    /// The work of all stages.
    pub fn total(&self) -> f64 {
        self.stages.iter().map(|stage| stage.flops).sum()
    }
}

/// Of a head's linear layer for one image.
fn head_flops(cost: &NetworkCost, layer: usize, classes: usize) -> f64 {
    let features: usize = cost.layers.get(layer).map_or(0, |shape| shape.iter().product());
    2.0 * (features * classes) as f64
}
