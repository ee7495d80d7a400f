//! AutoAttack on a model that this crate knows nothing about: `cargo run --release --example attack_your_model`.

use crossmax::attacks::{
    AutoAttackConfig, AutoAttackReport, Linearised, Norm, SeededStarts, Version, autoattack, linearise,
};
use crossmax::prelude::*;

/// Your model: here a linear layer. Anything that turns images [N,H,W,3] in [0,1] into logits, and can be differentiated.
struct Yours(Var);

impl Classifier for Yours {
    fn classes(&self) -> usize {
        12
    }
    fn is_random(&self) -> bool {
        false
    }
    fn logits(&self, images: &Tensor, draws: &[Draw]) -> crossmax::Result<Tensor> {
        Ok(self.linearise(images, draws)?.logits)
    }
    fn linearise<'a>(&'a self, images: &Tensor, _: &[Draw]) -> crossmax::Result<Linearised<'a>> {
        linearise(images, |images| images.flatten()?.linear(&self.0, None))
    }
}

fn main() -> crossmax::Result<()> {
    let data = Source::Drawn {
        seed: 1,
        train: 1200,
        test: 32,
    }
    .open()?;
    let model = train(&data)?;
    let ids: Vec<usize> = (0..32).collect();
    let samples = LabelledImages::new(
        data.test.batch(&ids)?,
        data.test.labels_of(&ids),
        (0..32).collect(),
    )?;

    // The attack itself.
    let oracle = Oracle::new(&model, 32)?;
    let config = AutoAttackConfig {
        queries: 200,
        ..AutoAttackConfig::version(Version::Standard, Norm::Linf, 2.0 / 255.0)
    };
    let state = autoattack(
        &oracle,
        &SeededStarts::new(0),
        &samples,
        &config,
        None,
        &mut |_| Ok(()),
        &mut |_| Ok(()),
    )?;
    let report = AutoAttackReport::new(&state, oracle.is_random());
    println!("right at first: {} of 32", report.initial.count);
    for (attack, left) in &report.after {
        println!("left after {attack}: {}", left.count);
    }
    report
        .warnings
        .iter()
        .for_each(|warning| println!("warning: {warning}"));
    Ok(())
}

/// A few steps of gradient descent.
fn train(data: &Dataset) -> crossmax::Result<Yours> {
    let ids: Vec<usize> = (0..data.train.len()).collect();
    let (images, labels) = (
        Var::constant(data.train.batch(&ids)?).flatten()?,
        data.train.labels_of(&ids),
    );
    let mut weights = Tensor::<f32>::zeros([12, images.shape().axis(1)]);
    for _ in 0..200 {
        let leaf = Var::leaf(weights.clone());
        let loss = images.linear(&leaf, None)?.cross_entropy(&labels)?.mean_all()?;
        if let Some(gradient) = loss.backward(None)?.take(&leaf) {
            weights = Var::constant(weights)
                .add(&Var::constant(gradient).affine(-0.1, 0.0)?)?
                .into_value();
        }
    }
    Ok(Yours(Var::constant(weights)))
}
