//! The Square attack.

use super::{CLASSES, Toy, assert_same_bits, quietly, samples};
use crate::attacks::length::distance;
use crate::attacks::{
    Classifier, Draw, LabelledImages, Linearised, Norm, Oracle, Perturbed, SeededStarts, SquareConfig,
    SquareLoss, linearise, square,
};
use crate::tensor::Tensor;
use crate::{Error, Result};

const NORMS: [(Norm, f64); 3] = [(Norm::Linf, 0.05), (Norm::L2, 0.35), (Norm::L1, 1.0)];

fn config(norm: Norm, eps: f64) -> SquareConfig {
    SquareConfig {
        queries: 40,
        restarts: 2,
        rescale_schedule: true,
        ..SquareConfig::new(norm, eps)
    }
}

fn attack(samples: &LabelledImages, config: &SquareConfig, sub_batch: usize) -> Result<Perturbed> {
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, sub_batch)?;
    square(&oracle, &SeededStarts::new(3), samples, config, &mut quietly)
}

#[test]
fn other_images_sub_batches_and_threads_do_not_matter() -> Result<()> {
    let samples = samples(11)?;
    for (norm, eps) in NORMS {
        let config = config(norm, eps);
        let all = attack(&samples, &config, 32)?;
        let fooled = all
            .outcomes
            .iter()
            .filter(|outcome| outcome.fooled_at.is_some())
            .count();
        assert!((2..11).contains(&fooled), "{norm}: {fooled} show little");
        for indices in [vec![4], vec![7, 0, 10, 3, 9, 1, 2, 8, 4, 6, 5]] {
            let found = attack(&samples.select(&indices)?, &config, 32)?;
            assert_same_bits(&found.images, &all.images.select(&indices)?);
            let outcomes: Vec<_> = indices.iter().map(|&i| all.outcomes[i]).collect();
            assert_eq!(found.outcomes, outcomes);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        let pool = pool.map_err(|error| Error::Usage(error.to_string()))?;
        let found = pool.install(|| attack(&samples, &config, 2))?;
        assert_same_bits(&found.images, &all.images);
        assert_eq!(found.outcomes, all.outcomes);
    }
    Ok(())
}

#[test]
fn what_is_found_is_misclassified_and_within_the_bound() -> Result<()> {
    let samples = samples(12)?;
    let toy = Toy::new(false)?;
    let oracle = Oracle::new(&toy, 5)?;
    for (norm, eps) in NORMS {
        for loss in [SquareLoss::Margin, SquareLoss::CrossEntropy] {
            let config = SquareConfig {
                loss,
                ..config(norm, eps)
            };
            let found = square(&oracle, &SeededStarts::new(3), &samples, &config, &mut quietly)?;
            // Refuses pixels outside [0,1].
            samples.with_images(found.images.clone())?;
            let predictions = oracle.predictions(&found.images, &vec![Draw::default(); samples.len()])?;
            for (i, outcome) in found.outcomes.iter().enumerate() {
                let wrong = predictions[i] != samples.labels()[i];
                assert_eq!(
                    wrong,
                    !outcome.searched || outcome.fooled_at.is_some(),
                    "{norm}, {i}"
                );
                let row = |images: &Tensor| images.rows(i, 1)?.cast::<f64>()?.to_vec();
                let moved = distance(norm, &row(&found.images)?, &row(samples.images())?);
                assert!(moved <= eps + 1e-6, "{norm}: {moved}");
                assert_eq!(moved > 0.0, outcome.fooled_at.is_some());
            }
        }
    }
    Ok(())
}

/// Every query of every image has a draw of its own, and none is spent on images that are done.
#[test]
fn queries_are_named_and_counted() -> Result<()> {
    let samples = samples(12)?;
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, 5)?;
    let config = config(Norm::Linf, 0.05);
    let mut passes = 0;
    let found = square(
        &oracle,
        &SeededStarts::new(3),
        &samples,
        &config,
        &mut |progress| {
            passes += progress.passes;
            Ok(())
        },
    )?;
    let asked = toy.take_asked();
    let mut names = asked.clone();
    names.sort_by_key(|draw| (draw.attack, draw.image, draw.restart, draw.iteration));
    names.dedup();
    assert_eq!(names.len(), asked.len());
    let slot = config.slot;
    let mut expected = samples.len();
    let mut starts = 0;
    for (i, outcome) in found.outcomes.iter().enumerate() {
        let id = samples.ids()[i];
        let of_image = |restart: u16| {
            let name = slot.search(id, restart, 0, 0);
            let searched =
                |draw: &&Draw| (draw.image, draw.attack, draw.restart) == (id, name.attack, restart);
            asked.iter().filter(searched).count()
        };
        let queries = match (outcome.searched, outcome.fooled_at) {
            (false, _) => [0, 0],
            (true, None) => [41, 41],
            (true, Some((0, query))) => [usize::from(query) + 1, 0],
            (true, Some((_, query))) => [41, usize::from(query) + 1],
        };
        assert_eq!([of_image(0), of_image(1)], queries, "image {i}");
        expected += queries[0] + queries[1];
        starts += usize::from(queries[0] > 0) + usize::from(queries[1] > 0);
    }
    assert_eq!(asked.len(), expected);
    assert_eq!(passes, expected - samples.len() - starts);
    Ok(())
}

/// All logits are 0: whatever the image, all classes tie and the first is predicted.
struct Undecided;

impl Classifier for Undecided {
    fn classes(&self) -> usize {
        CLASSES
    }

    fn is_random(&self) -> bool {
        false
    }

    fn logits(&self, images: &Tensor, _: &[Draw]) -> Result<Tensor> {
        Ok(Tensor::zeros([images.shape().axis(0), CLASSES]))
    }

    fn linearise<'a>(&'a self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'a>> {
        let logits = self.logits(images, draws)?;
        linearise(images, |_| Ok(crate::autograd::Var::constant(logits)))
    }
}

#[test]
fn ties_end_a_search_in_the_reference_only() -> Result<()> {
    let images = samples(2)?.images().clone();
    let samples = LabelledImages::new(images, vec![0, 1], vec![0, 1])?;
    let oracle = Oracle::new(&Undecided, 5)?;
    for (compat, queries) in [(false, 40), (true, 0)] {
        let config = SquareConfig {
            compat,
            restarts: 1,
            ..config(Norm::Linf, 0.1)
        };
        let mut seen = 0;
        let found = square(
            &oracle,
            &SeededStarts::new(3),
            &samples,
            &config,
            &mut |progress| {
                seen = progress.iteration;
                Ok(())
            },
        )?;
        assert_eq!(seen, queries);
        assert_eq!(found.outcomes[0].fooled_at, None);
        assert!(found.outcomes[0].searched);
        assert_eq!(found.outcomes[1].searched, !compat, "wrong on the first look");
        assert_same_bits(&found.images.rows(0, 1)?, &samples.images().rows(0, 1)?);
    }
    Ok(())
}

#[test]
fn settings_out_of_range_are_refused() -> Result<()> {
    let samples = samples(2)?;
    let good = config(Norm::L2, 0.5);
    let bad = [
        SquareConfig {
            eps: f64::NAN,
            ..good.clone()
        },
        SquareConfig {
            eps: -0.1,
            ..good.clone()
        },
        SquareConfig {
            queries: 0,
            ..good.clone()
        },
        SquareConfig {
            restarts: 0,
            ..good.clone()
        },
        SquareConfig {
            p_init: 0.0,
            ..good.clone()
        },
        SquareConfig {
            p_init: 1.5,
            ..good.clone()
        },
    ];
    for config in bad {
        let refused = attack(&samples, &config, 5);
        assert!(matches!(refused, Err(Error::Argument { .. })), "{config:?}");
    }
    let far = LabelledImages::new(samples.images().clone(), vec![0, CLASSES], vec![0, 1])?;
    assert!(attack(&far, &good, 5).is_err());
    Ok(())
}

/// An image smaller than any tile or window.
#[test]
fn tiny_images_can_be_attacked() -> Result<()> {
    for shape in [[1, 1, 1, 1], [1, 1, 6, 3], [1, 7, 2, 1], [1, 12, 5, 2]] {
        let samples = LabelledImages::new(Tensor::full(shape, 0.5), vec![0], vec![0])?;
        for (norm, eps) in NORMS {
            let config = config(norm, eps);
            square(
                &Oracle::new(&Undecided, 5)?,
                &SeededStarts::new(3),
                &samples,
                &config,
                &mut quietly,
            )?;
        }
    }
    Ok(())
}
