//! What is found for an image depends on nothing but the image: neither on the others, nor on how
//! the work is cut, nor on threads.

use super::{EPS, Toy, assert_same_bits, quietly, samples};
use crate::attacks::{
    ApgdConfig, AttackLoss, FgsmConfig, Keep, LabelledImages, Oracle, Perturbation, PgdConfig, SeededStarts,
    fgsm, perturb, pgd,
};
use crate::tensor::Tensor;
use crate::{Error, Result};

const N: usize = 11;

/// Everything the searches find for `samples`.
struct Found {
    images: Vec<Tensor>,
    outcomes: Vec<Perturbation>,
    losses: Vec<f32>,
}

fn attack(samples: &LabelledImages, sub_batch: usize) -> Result<Found> {
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, sub_batch)?;
    let starts = SeededStarts::new(3);
    let mut images = Vec::new();
    let mut outcomes = Vec::new();
    for loss in [AttackLoss::CrossEntropy, AttackLoss::Dlr] {
        let config = ApgdConfig {
            iterations: 12,
            eot: 3,
            restarts: 2,
            ..ApgdConfig::new(EPS, loss)
        };
        let found = perturb(&oracle, &starts, samples, &config, &mut quietly)?;
        images.push(found.images);
        outcomes.extend(found.outcomes);
    }
    let config = PgdConfig {
        eot: 3,
        keep: Keep::HighestLoss,
        ..PgdConfig::new(EPS, 5)
    };
    images.push(pgd(&oracle, &starts, samples, &config, &mut quietly)?);
    let config = FgsmConfig {
        random_start: true,
        ..FgsmConfig::new(EPS)
    };
    images.push(fgsm(&oracle, &starts, samples, &config)?);
    let appraisal = oracle.appraise(samples.images(), samples.labels(), config.loss, 7, &|i, draw| {
        config.slot.search(samples.ids()[i], 0, 0, draw)
    })?;
    images.push(appraisal.gradient);
    Ok(Found {
        images,
        outcomes,
        losses: [appraisal.mean_loss, appraisal.last_loss].concat(),
    })
}

/// Asserts that the rows of `found` are those of `all` at `indices`.
#[track_caller]
fn assert_agree(found: &Found, all: &Found, indices: &[usize]) -> Result<()> {
    for (found, all) in found.images.iter().zip(&all.images) {
        assert_same_bits(found, &all.select(indices)?);
    }
    let pick = |i: usize| indices.iter().map(move |&index| i * N + index);
    let outcomes: Vec<_> = (0..2).flat_map(pick).map(|i| all.outcomes[i]).collect();
    assert_eq!(found.outcomes, outcomes);
    let losses: Vec<_> = (0..2).flat_map(pick).map(|i| all.losses[i].to_bits()).collect();
    assert_eq!(
        found.losses.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>(),
        losses
    );
    Ok(())
}

#[test]
fn other_images_do_not_matter() -> Result<()> {
    let samples = samples(N)?;
    let all = attack(&samples, 32)?;
    let fooled = all
        .outcomes
        .iter()
        .filter(|outcome| outcome.fooled_at.is_some())
        .count();
    assert!(
        fooled > 2 && fooled < 2 * N - 2,
        "{fooled} of {}: the test shows little",
        2 * N
    );
    for i in 0..N {
        assert_agree(&attack(&samples.select(&[i])?, 32)?, &all, &[i])?;
    }
    let shuffled = [7, 0, 10, 3, 9, 1, 2, 8, 4, 6, 5];
    assert_agree(&attack(&samples.select(&shuffled)?, 32)?, &all, &shuffled)
}

#[test]
fn sub_batches_and_threads_do_not_matter() -> Result<()> {
    let samples = samples(N)?;
    let all = attack(&samples, 32)?;
    let everything: Vec<usize> = (0..N).collect();
    for (sub_batch, threads) in [(1, 1), (1, 4), (5, 3), (32, 1)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Error::Usage(error.to_string()))?;
        assert_agree(&pool.install(|| attack(&samples, sub_batch))?, &all, &everything)?;
    }
    Ok(())
}

#[test]
fn gradients_are_means_in_the_order_of_the_draws() -> Result<()> {
    let samples = samples(3)?;
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, 4)?;
    let slot = FgsmConfig::new(EPS).slot;
    let at = |draws: u16, first: u16| {
        oracle.appraise(
            samples.images(),
            samples.labels(),
            AttackLoss::Dlr,
            draws,
            &|i, draw| slot.search(samples.ids()[i], 0, 0, first + draw),
        )
    };
    let all = at(3, 0)?;
    let single = [at(1, 0)?, at(1, 1)?, at(1, 2)?];
    let gradients = single
        .iter()
        .map(|a| a.gradient.to_vec())
        .collect::<Result<Vec<_>>>()?;
    let mean = |i: usize| (gradients[0][i] + gradients[1][i] + gradients[2][i]) / 3.0;
    assert_same_bits(&all.gradient, &Tensor::from_fn(*samples.images().shape(), mean));
    assert_eq!(all.last_loss, single[2].last_loss);
    assert_eq!(all.last_prediction, single[2].last_prediction);
    assert_ne!(all.mean_loss, all.last_loss);
    Ok(())
}
