//! What no ladder is made of.

use super::{short, subject};
use crate::Result;
use crate::attacks::SeededStarts;
use crate::audit::ladder::{Forgetful, Ladder, LadderConfig, RungName};
use crate::audit::tests::{images, noisy, quietly};
use crate::testing::assertions::refusal;

#[test]
fn settings_that_make_no_ladder_are_refused() -> Result<()> {
    use RungName::{AllImages, AutoattackRand, Restarts, Surrogate, WarmStart};
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let rungs = |rungs: &[RungName]| LadderConfig {
        rungs: rungs.to_vec(),
        ..short(0.08)
    };
    let cases = [
        (rungs(&[]), "at least one"),
        (rungs(&[Surrogate, AllImages]), "the lower ones first"),
        (rungs(&[AllImages, AllImages]), "each once"),
        (rungs(&[AllImages, WarmStart]), "surrogate among them"),
        (rungs(&[AutoattackRand, Restarts]), "all-images to eot-100"),
        (
            LadderConfig {
                eot: 0,
                ..short(0.08)
            },
            "`eot`",
        ),
        (
            LadderConfig {
                selection: 0,
                ..short(0.08)
            },
            "`selection`",
        ),
        (
            LadderConfig {
                block: 0,
                ..short(0.08)
            },
            "`block`",
        ),
        (
            LadderConfig {
                restarts: 129,
                ..short(0.08)
            },
            "1 to 128",
        ),
        (short(1.5), "`eps`"),
    ];
    for (config, told) in cases {
        let found = refusal(Ladder::new(
            subject(&ensemble, &samples, &starts, 4),
            &starts,
            config,
        ));
        assert!(found.contains(told), "{found} lacks {told}");
    }
    let mut labels = samples.labels().to_vec();
    labels[3] = 2;
    let others =
        crate::attacks::LabelledImages::new(samples.images().clone(), labels, samples.ids().to_vec())?;
    let found = refusal(Ladder::new(
        subject(&ensemble, &others, &starts, 4),
        &starts,
        short(0.08),
    ));
    assert!(found.contains("2 classes"), "{found}");
    Ok(())
}

#[test]
fn rungs_are_climbed_in_their_order() -> Result<()> {
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let mut ladder = Ladder::new(subject(&ensemble, &samples, &starts, 4), &starts, short(0.08))?;
    let found = refusal(ladder.score());
    assert!(found.contains("at least 1"), "{found}");
    let found = refusal(ladder.climb(RungName::Surrogate, &mut Forgetful, &mut quietly));
    assert!(found.contains("autoattack-rand"), "{found}");
    ladder.climb(RungName::AutoattackRand, &mut Forgetful, &mut quietly)?;
    let found = refusal(ladder.climb(RungName::AutoattackRand, &mut Forgetful, &mut quietly));
    assert!(found.contains("all-images"), "{found}");
    Ok(())
}
