//! Results depend neither on sub-batches and threads nor on the other images.

use super::{images, noisy, subject};
use crate::attacks::{LabelledImages, PgdConfig, SeededStarts};
use crate::audit::{Subject, comparators, controls, curves, probes, transfer};
use crate::ensemble::Aggregation;
use crate::{Error, Result};

/// Every audit of the noisy ensemble, as text: what its numbers are to the last bit, for serde writes
/// the shortest text that reads back the same.
fn everything(samples: &LabelledImages, sub_batch: usize) -> Result<[String; 5]> {
    let (ensemble, starts) = (noisy(), SeededStarts::new(5));
    let subject = Subject {
        sub_batch,
        ..subject(&ensemble, Aggregation::CrossMax, samples, &starts)
    };
    let config = PgdConfig {
        eot: 3,
        ..PgdConfig::new(0.08, 3)
    };
    let quietly = &mut super::quietly;
    let usual = comparators::usual(&subject, 2);
    Ok([
        text(&probes::run(&subject, 3, quietly)?),
        text(&comparators::run(&subject, &usual, &config, quietly)?),
        text(&transfer::run(&subject, &config, quietly)?),
        text(&curves::eps_sweep(&subject, &config, &[0.02, 0.2], quietly)?),
        text(&controls::run(&subject, &config, quietly)?),
    ])
}

fn text(result: &impl serde::Serialize) -> String {
    serde_json::to_string(result).unwrap_or_default()
}

#[test]
fn sub_batches_and_threads_do_not_matter() -> Result<()> {
    let samples = images([1.0, 0.3])?;
    let all = everything(&samples, 4)?;
    assert!(all.iter().all(|text| text.len() > 100));
    for (sub_batch, threads) in [(1, 1), (1, 4), (5, 3), (32, 1)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Error::Usage(error.to_string()))?;
        assert_eq!(pool.install(|| everything(&samples, sub_batch))?, all);
    }
    Ok(())
}

#[test]
fn other_images_do_not_matter() -> Result<()> {
    let (ensemble, starts) = (noisy(), SeededStarts::new(5));
    let config = PgdConfig {
        eot: 3,
        ..PgdConfig::new(0.08, 3)
    };
    let samples = images([1.0, 0.3])?;
    let right = |samples: &LabelledImages| {
        let subject = subject(&ensemble, Aggregation::CrossMax, samples, &starts);
        let found = comparators::run(
            &subject,
            &comparators::usual(&subject, 2),
            &config,
            &mut super::quietly,
        )?;
        let counts = found.all.into_iter().map(|c| {
            [
                c.clean.right_counts,
                c.attacked.right_counts,
                c.transferred.right_counts,
            ]
        });
        Ok::<_, Error>(counts.flatten().collect::<Vec<_>>())
    };
    let all = right(&samples)?;
    let chosen = [5, 0, 3];
    let expected: Vec<Vec<u16>> = all
        .iter()
        .map(|counts| chosen.iter().map(|&i| counts[i]).collect())
        .collect();
    assert_eq!(right(&samples.select(&chosen)?)?, expected);
    let between = all.iter().flatten().filter(|&&count| (1..5).contains(&count));
    assert!(between.count() > 10, "the test shows little");
    Ok(())
}

#[test]
fn an_error_of_the_progress_ends_an_audit() -> Result<()> {
    let (ensemble, starts, samples) = (noisy(), SeededStarts::new(5), images([1.0, 0.3])?);
    let subject = subject(&ensemble, Aggregation::CrossMax, &samples, &starts);
    let mut calls = 0;
    let found = comparators::run(
        &subject,
        &comparators::usual(&subject, 2),
        &PgdConfig::new(0.08, 3),
        &mut |progress| {
            calls += 1;
            match progress.search {
                Some(search) if progress.done == 1 && search.iteration == 2 => Err(Error::Interrupted {
                    advice: "again".into(),
                }),
                _ => Ok(()),
            }
        },
    );
    assert!(matches!(found, Err(Error::Interrupted { .. })));
    // A part of 1 + 3 calls, and 1 + 2 of the next.
    assert_eq!(calls, 7);
    Ok(())
}
