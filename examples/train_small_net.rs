//! Trains a small residual network on the drawn data set and attacks it:
//! `cargo run --release --example train_small_net`.

use crossmax::attacks::{FgsmConfig, SeededStarts, fgsm};
use crossmax::prelude::*;

const BATCH: usize = 64;
const EPOCHS: u16 = 3;
const MEAN: [f64; 3] = [0.5; 3];
const STD: [f64; 3] = [0.25; 3];

fn main() -> crossmax::Result<()> {
    let data = Source::Drawn {
        seed: 1,
        train: 3840,
        test: 512,
    }
    .open()?;
    let mut net: ResNet = ResNet::new(ResNetConfig::pocket(3, data.classes.len()), &mut Init::new(1))?;
    let mut adam = Adam::new(3e-3);
    for epoch in 1..=EPOCHS {
        let order = Philox::new(1, Purpose::Shuffle).permutation(
            Counter {
                iteration: epoch,
                ..Counter::default()
            },
            data.train.len(),
        );
        let mut sum = 0.0;
        for ids in order.chunks(BATCH) {
            let ids: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
            let images = Var::constant(data.train.batch(&ids)?);
            let mut pass = Pass::train();
            let images = Normalisation::new(MEAN, STD)?.apply(&images)?;
            let logits = net.forward(&images, &mut pass)?;
            let loss = logits.cross_entropy(&data.train.labels_of(&ids))?.mean_all()?;
            sum += loss.value().item()? * ids.len() as f32;
            let gradients = pass.parameter_gradients(loss.backward(None)?);
            adam.step(&mut net, &gradients)?;
            pass.commit(&mut net)?;
        }
        println!("epoch {epoch}: loss {:.3}", sum / data.train.len() as f32);
    }

    let ids: Vec<usize> = (0..data.test.len()).collect();
    let names = ids.iter().map(|&id| id as u32).collect();
    let samples = LabelledImages::new(data.test.batch(&ids)?, data.test.labels_of(&ids), names)?;
    let classifier = PlainClassifier::new(&net, MEAN, STD)?;
    let oracle = Oracle::new(&classifier, 32)?;
    let draws = vec![Draw::default(); samples.len()];
    let accuracy = |images: &Tensor| -> crossmax::Result<f64> {
        let right = oracle
            .predictions(images, &draws)?
            .iter()
            .zip(samples.labels())
            .filter(|(p, l)| p == l)
            .count();
        Ok(100.0 * right as f64 / samples.len() as f64)
    };
    println!("test accuracy            {:.1} %", accuracy(samples.images())?);
    let adversarial = fgsm(
        &oracle,
        &SeededStarts::new(1),
        &samples,
        &FgsmConfig::new(8.0 / 255.0),
    )?;
    println!("after FGSM, L∞ 8/255     {:.1} %", accuracy(&adversarial)?);
    Ok(())
}
