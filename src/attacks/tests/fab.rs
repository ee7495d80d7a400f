//! FAB and FAB-T.

use super::{CLASSES, Toy, assert_same_bits, quietly, samples, weights};
use crate::attacks::length::{distance, length};
use crate::attacks::{
    Classifier, Draw, Fab, FabConfig, FabFindings, LabelledImages, Linearised, Norm, Oracle, SeededStarts,
    fab, linearise,
};
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::{Error, Result};

const NORMS: [(Norm, f64); 3] = [(Norm::Linf, 0.03), (Norm::L2, 0.17), (Norm::L1, 0.7)];

/// Both forms for every norm.
fn configs() -> impl Iterator<Item = FabConfig> {
    NORMS.into_iter().flat_map(|(norm, eps)| {
        [
            FabConfig::new(norm, eps),
            FabConfig {
                restarts: 2,
                ..FabConfig::targeted(norm, eps)
            },
        ]
        .map(|config| FabConfig {
            iterations: 6,
            ..config
        })
    })
}

fn attack(samples: &LabelledImages, config: &FabConfig, sub_batch: usize) -> Result<FabFindings> {
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, sub_batch)?;
    fab(&oracle, &SeededStarts::new(3), samples, config, &mut quietly)
}

#[test]
fn other_images_sub_batches_and_threads_do_not_matter() -> Result<()> {
    let samples = samples(11)?;
    for config in configs() {
        let all = attack(&samples, &config, 32)?;
        let outcomes = &all.perturbed.outcomes;
        let fooled = outcomes
            .iter()
            .filter(|outcome| outcome.fooled_at.is_some())
            .count();
        assert!((1..11).contains(&fooled), "{config:?}: {fooled} show little");
        for indices in [vec![4], vec![7, 0, 10, 3, 9, 1, 2, 8, 4, 6, 5]] {
            let found = attack(&samples.select(&indices)?, &config, 32)?;
            assert_same_bits(&found.perturbed.images, &all.perturbed.images.select(&indices)?);
            assert_same_bits(&found.nearest, &all.nearest.select(&indices)?);
            let picked: Vec<_> = indices.iter().map(|&i| outcomes[i]).collect();
            assert_eq!(found.perturbed.outcomes, picked);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        let pool = pool.map_err(|error| Error::Usage(error.to_string()))?;
        let found = pool.install(|| attack(&samples, &config, 2))?;
        assert_same_bits(&found.nearest, &all.nearest);
        assert_eq!(found.distances, all.distances);
    }
    Ok(())
}

#[test]
fn what_is_found_is_misclassified_and_as_far_as_told() -> Result<()> {
    let samples = samples(12)?;
    let toy = Toy::new(false)?;
    let oracle = Oracle::new(&toy, 5)?;
    let row = |images: &Tensor, i: usize| images.rows(i, 1)?.cast::<f64>()?.to_vec();
    for config in configs() {
        let found = fab(&oracle, &SeededStarts::new(3), &samples, &config, &mut quietly)?;
        samples.with_images(found.nearest.clone())?;
        let at = |images: &Tensor| oracle.predictions(images, &[Draw::default(); 12]);
        let (nearest, within) = (at(&found.nearest)?, at(&found.perturbed.images)?);
        for (i, outcome) in found.perturbed.outcomes.iter().enumerate() {
            let label = samples.labels()[i];
            let fooled = outcome.fooled_at.is_some();
            assert_eq!(within[i] != label, !outcome.searched || fooled);
            assert_eq!(
                nearest[i] != label,
                !outcome.searched || found.distances[i].is_some()
            );
            let moved = distance(config.norm, &row(&found.nearest, i)?, &row(samples.images(), i)?);
            assert_eq!(moved, found.distances[i].unwrap_or(0.0), "image {i}");
            assert_eq!(found.distances[i].is_some_and(|d| d <= config.eps), fooled);
        }
    }
    Ok(())
}

/// A linear layer: its boundaries are hyperplanes, whose distances are known.
struct Linear(Var);

impl Classifier for Linear {
    fn classes(&self) -> usize {
        CLASSES
    }

    fn is_random(&self) -> bool {
        false
    }

    fn logits(&self, images: &Tensor, _: &[Draw]) -> Result<Tensor> {
        let images = Var::constant(images.clone());
        Ok(images.flatten()?.linear(&self.0, None)?.into_value())
    }

    fn linearise<'a>(&'a self, images: &Tensor, _: &[Draw]) -> Result<Linearised<'a>> {
        linearise(images, |images| images.flatten()?.linear(&self.0, None))
    }
}

#[test]
fn the_nearest_boundary_of_a_linear_classifier_is_found() -> Result<()> {
    let matrix = weights(3, CLASSES, 48, 1.0)?;
    let rows: Vec<Vec<f64>> = matrix
        .value()
        .cast::<f64>()?
        .to_vec()?
        .chunks_exact(48)
        .map(<[f64]>::to_vec)
        .collect();
    let linear = Linear(matrix);
    let oracle = Oracle::new(&linear, 5)?;
    // Away from the box, which would make distances larger.
    let pixels = samples(6)?.images().to_vec()?;
    let images = Tensor::from_fn([6, 4, 4, 3], |i| 0.45 + 0.1 * pixels[i]);
    let labels = oracle.predictions(&images, &[Draw::default(); 6])?;
    let samples = LabelledImages::new(images, labels, (0..6).collect())?;
    for (norm, dual) in [
        (Norm::Linf, Norm::L1),
        (Norm::L2, Norm::L2),
        (Norm::L1, Norm::Linf),
    ] {
        for config in [FabConfig::new(norm, 0.0), FabConfig::targeted(norm, 0.0)] {
            let found = fab(&oracle, &SeededStarts::new(3), &samples, &config, &mut quietly)?;
            for (i, &label) in samples.labels().iter().enumerate() {
                let x = samples.images().rows(i, 1)?.cast::<f64>()?.to_vec()?;
                let to = |class: usize| {
                    let normal: Vec<f64> = rows[class].iter().zip(&rows[label]).map(|(a, b)| a - b).collect();
                    let gap: f64 = normal.iter().zip(&x).map(|(w, x)| w * x).sum();
                    gap.abs() / length(dual, normal.into_iter())
                };
                let others = (0..CLASSES).filter(|&class| class != label);
                let exact = others.map(to).fold(f64::INFINITY, f64::min);
                let found = found.distances[i].unwrap_or(f64::INFINITY);
                assert!(
                    found >= exact * (1.0 - 1e-5),
                    "{norm}, image {i}: {found} < {exact}"
                );
                assert!(found <= exact * 1.06, "{norm}, image {i}: {found} > {exact}");
            }
        }
    }
    Ok(())
}

#[test]
fn searches_are_named_and_none_is_for_a_class_that_is_not_there() -> Result<()> {
    let samples = samples(8)?;
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, 5)?;
    let config = FabConfig {
        iterations: 3,
        restarts: 2,
        ..FabConfig::targeted(Norm::Linf, 0.0)
    };
    let found = fab(&oracle, &SeededStarts::new(3), &samples, &config, &mut quietly)?;
    let asked = toy.take_asked();
    let searched = found
        .perturbed
        .outcomes
        .iter()
        .filter(|outcome| outcome.searched)
        .count();
    // Two searches for each of four other classes, two evaluations an iteration.
    assert_eq!(asked.len(), samples.len() + searched * 8 * 3 * 2);
    let mut names = asked.clone();
    names.sort_by_key(|draw| (draw.attack, draw.image, draw.restart, draw.iteration, draw.draw));
    names.dedup();
    assert_eq!(names.len(), asked.len());
    assert_eq!(asked.iter().map(|draw| draw.restart).max(), Some(7));
    Ok(())
}

#[test]
fn settings_out_of_range_are_refused() -> Result<()> {
    let samples = samples(2)?;
    let good = FabConfig::targeted(Norm::L2, 0.5);
    let change = |f: fn(&mut FabConfig)| {
        let mut config = good.clone();
        f(&mut config);
        config
    };
    for config in [
        change(|c| c.eps = f64::NAN),
        change(|c| c.iterations = 0),
        change(|c| c.targets = Some(0)),
        change(|c| c.restarts = 1025),
        change(|c| c.restarts = 300),
        change(|c| c.alpha_max = 1.1),
        change(|c| c.beta = -0.1),
        change(|c| c.eta = 0.9),
    ] {
        let refused = attack(&samples, &config, 5);
        assert!(matches!(refused, Err(Error::Argument { .. })), "{config:?}");
    }
    let toy = Toy::new(false)?;
    let oracle = Oracle::new(&toy, 5)?;
    let label = samples.labels()[0];
    let other = (label + 1) % CLASSES;
    let one = samples.select(&[0])?;
    for targets in [vec![label], vec![CLASSES], vec![other, other]] {
        assert!(Fab::new(&oracle, &one, &good, 0, Some(targets), None).is_err());
    }
    assert!(Fab::new(&oracle, &one, &good, 0, Some(vec![other]), Some(samples.images())).is_err());
    Ok(())
}
