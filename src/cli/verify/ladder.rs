//! What a ladder wrote, computed again.

use super::files::Pictures;
use super::origin::from_value;
use super::{Again, Check};
use crossmax::attacks::{AttackSlot, Oracle, Scores, SeededStarts};
use crossmax::audit::ladder::{Fate, LadderReport};
use crossmax::audit::{Subject, score};
use crossmax::campaign::rounded_to_8_bits;
use crossmax::ensemble::{Aggregation, FoldedSelfEnsemble};
use crossmax::io::atomic;
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

/// The part of `ladder.json` that is checked.
#[derive(Deserialize)]
struct Written {
    ladder: LadderReport,
    redrawn: Redrawn,
}

#[derive(Deserialize)]
struct Redrawn {
    mean: f64,
}

/// Asks the defence about the clean and the worst images again. Those of lower rungs are not kept.
pub fn checks(again: &Again<'_>, pictures: &Pictures) -> Result<Vec<Check>> {
    let path = again.arguments.folder.join("ladder.json");
    let object: Value = serde_json::from_slice(&atomic::read(&path)?)
        .map_err(|error| Error::format(&path, "the results of a ladder", error, "climb it again"))?;
    let Written { ladder, redrawn } = from_value(&path, &object)?;
    let target = again.target;
    // The ladder's own arithmetic, for the same bits.
    let folded = FoldedSelfEnsemble::new(target.model.ensemble()?)?;
    let repeats = again.origin.request.redraws;
    let subject = Subject {
        ensemble: &folded,
        target: Aggregation::CrossMax,
        samples: &target.samples,
        starts: &SeededStarts::new(target.seed),
        sub_batch: again.arguments.sub_batch,
        repeats,
    };
    let defence = subject.defence()?;
    let oracle = Oracle::new(&defence, again.arguments.sub_batch)?;
    let ask = |images: &Tensor| -> Result<Scores> {
        let images = images.on(&target.samples.images().device())?;
        score(&oracle, &target.samples, &images, AttackSlot::PGD, repeats)
    };
    let (clean, worst) = (ask(&pictures.clean)?, ask(&pictures.images)?);
    let rounded = ask(&rounded_to_8_bits(&pictures.images)?)?;
    let compare = |what, again_found: &Scores, written: &Scores| {
        let pairs = again_found.right_counts.iter().zip(&written.right_counts);
        let differ = pairs.filter(|(a, b)| a != b).count();
        let whole = again_found.right_counts.len() == written.right_counts.len();
        Check {
            what,
            found: format!(
                "mean {:.4} %, written {:.4} %; {differ} images differ",
                100.0 * again_found.mean.fraction,
                100.0 * written.mean.fraction
            ),
            // Without a difference of images the scores must be the same to the last digit.
            holds: whole && !again.too_many(differ) && (differ > 0 || again_found == written),
        }
    };
    let union = ladder.union();
    let fates = ladder.fates.iter().enumerate();
    let odd = fates
        .filter(|&(i, &fate)| !is_fate(fate, i, &ladder.clean, union))
        .count();
    Ok(vec![
        compare(
            "the scores of the clean images are those written down",
            &clean,
            &ladder.clean,
        ),
        compare(
            "the scores over fresh draws are those written down",
            &worst,
            union,
        ),
        Check {
            what: "the tables say what the scores say",
            found: format!("{odd} images with another fate"),
            holds: odd == 0
                && ladder.fates.len() == target.samples.len()
                && redrawn.mean == union.mean.fraction,
        },
        Check {
            what: "the attack survives rounding to 8 bits",
            found: format!(
                "{:.4} % right after rounding, {:.4} % before",
                100.0 * rounded.mean.fraction,
                100.0 * worst.mean.fraction
            ),
            // Rounding is one more random perturbation: what it gives back must be no more than draws differ by chance.
            holds: rounded.mean.fraction - worst.mean.fraction <= 0.05,
        },
    ])
}

/// Whether `fate` can be that of image `i`, as far as the clean and the last worst images tell.
fn is_fate(fate: Fate, i: usize, clean: &Scores, worst: &Scores) -> bool {
    let wrong = |scores: &Scores| {
        let right = scores.right_counts.get(i).copied().unwrap_or_default();
        2 * u32::from(right) < u32::from(scores.repeats)
    };
    match fate {
        Fate::WrongWhenClean => wrong(clean),
        Fate::BrokenBy(_) => !wrong(clean),
        Fate::Standing => !wrong(clean) && !wrong(worst),
    }
}
