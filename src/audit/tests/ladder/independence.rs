//! Results depend neither on blocks, sub-batches and threads nor on the other images.

use super::{climbed, short, subject, text};
use crate::attacks::SeededStarts;
use crate::audit::ladder::{Forgetful, LadderConfig};
use crate::audit::tests::{images, noisy};
use crate::{Error, Result};

#[test]
fn blocks_sub_batches_and_threads_do_not_matter() -> Result<()> {
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let climb = |block: usize, sub_batch: usize| {
        let config = LadderConfig { block, ..short(0.08) };
        let subject = subject(&ensemble, &samples, &starts, sub_batch);
        let (report, worst) = climbed(subject, &starts, &config, &mut Forgetful)?;
        Ok::<_, Error>((text(&report), worst.to_vec()?))
    };
    let all = climb(4, 4)?;
    for (block, sub_batch, threads) in [(1, 1, 1), (6, 5, 3), (5, 32, 1)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Error::Usage(error.to_string()))?;
        assert_eq!(pool.install(|| climb(block, sub_batch))?, all);
    }
    Ok(())
}

#[test]
fn other_images_do_not_matter() -> Result<()> {
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let (all, worst) = climbed(
        subject(&ensemble, &samples, &starts, 4),
        &starts,
        &short(0.08),
        &mut Forgetful,
    )?;
    let chosen = [5, 0, 3];
    let few = samples.select(&chosen)?;
    let (some, worst_of_some) = climbed(
        subject(&ensemble, &few, &starts, 4),
        &starts,
        &short(0.08),
        &mut Forgetful,
    )?;
    assert_eq!(worst_of_some.to_vec()?, worst.select(&chosen)?.to_vec()?);
    let mut between = 0;
    for (a, b) in all.rungs.iter().zip(&some.rungs) {
        let pick = |counts: &[u16]| chosen.map(|i| counts[i]).to_vec();
        assert_eq!(pick(&a.own.right_counts), b.own.right_counts);
        assert_eq!(pick(&a.union.right_counts), b.union.right_counts);
        assert_eq!(chosen.map(|i| a.union_by[i].clone()).to_vec(), b.union_by);
        between += b
            .own
            .right_counts
            .iter()
            .filter(|&&count| (1..5).contains(&count))
            .count();
    }
    assert!(between > 0, "{between}: the test shows little");
    Ok(())
}
