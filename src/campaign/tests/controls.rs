//! The null controls.

use super::{Scene, campaign};
use crate::Result;
use crate::attacks::tests::{Toy, samples};
use crate::attacks::{
    AttackKind, AutoAttackConfig, Classifier, Draw, LabelledImages, Linearised, Norm, Oracle, Version,
    linearise,
};
use crate::autograd::Var;
use crate::campaign::Summary;
use crate::campaign::control::{Instead, control};
use crate::tensor::{Counter, Philox, Purpose, Tensor};
use tempfile::tempdir;

#[test]
fn looking_breaks_nothing_of_a_deterministic_classifier_and_some_of_a_random_one() -> Result<()> {
    for random in [false, true] {
        let folder = tempdir().expect("a folder");
        let toy = if random { Toy::noisy()? } else { Toy::new(false)? };
        let mut campaign = campaign(11);
        campaign.config.iterations = 60;
        let scene = Scene::new(campaign, folder.path());
        let results = scene.run(&toy)?;
        let by_looking = results.iter().filter(|result| result.broken_by_looking).count();
        assert_eq!(by_looking > 0, random, "{by_looking}");
        for result in &results {
            let draws = if random { 3 } else { 1 };
            assert_eq!(
                [&result.redrawn, &result.clean_redrawn, &result.noise_redrawn].map(Vec::len),
                [draws; 3]
            );
            // Images that are wrong at first are left alone.
            let wrong = !result.record.initially_right();
            assert!(
                !(wrong && (result.broken_by_looking || result.broken_by_noise || result.distance > 0.0))
            );
        }
        let summary = Summary::of(&scene.header(&Oracle::new(&toy, 4)?), &results);
        let told = summary
            .warnings
            .iter()
            .any(|warning| warning.contains("looking at the clean images"));
        assert_eq!(told, random);
        let robust = |scores: &crate::attacks::Scores| scores.never_broken.count;
        assert!(robust(&summary.attack.scores) <= robust(&summary.noise.scores));
        assert_eq!(
            summary.initial.count - robust(&summary.looking.scores),
            by_looking
        );
        if !random {
            assert_eq!(robust(&summary.looking.scores), summary.initial.count);
        }
    }
    Ok(())
}

/// Says 0 of every image, but for one draw in five.
struct Fickle;

impl Fickle {
    fn forward(images: &Var, draws: &[Draw]) -> Result<Var> {
        let logits = Tensor::from_fn([draws.len(), 5], |i| {
            let draw = &draws[i / 5];
            let at = Counter {
                image: draw.image,
                attack: draw.attack,
                restart: draw.restart,
                iteration: draw.iteration,
                draw: draw.draw,
                ..Counter::default()
            };
            let wrong = Philox::new(5, Purpose::Test).uniform::<f32>(at, 1)[0] < 0.2;
            if i % 5 == usize::from(wrong) { 3.0 } else { 0.0 }
        });
        let nothing = Var::constant(Tensor::full([5, 48], 0.0));
        images
            .flatten()?
            .linear(&nothing, None)?
            .add(&Var::constant(logits))
    }
}

impl Classifier for Fickle {
    fn classes(&self) -> usize {
        5
    }

    fn is_random(&self) -> bool {
        true
    }

    fn logits(&self, images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
        Ok(Self::forward(&Var::constant(images.clone()), draws)?.into_value())
    }

    fn linearise<'a>(&'a self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'a>> {
        linearise(images, |images| Self::forward(images, draws))
    }
}

#[test]
fn controls_follow_the_rules_of_the_attacks_whose_place_they_take() -> Result<()> {
    const IMAGES: usize = 50;
    let clean = samples(IMAGES)?;
    let clean = LabelledImages::new(clean.images().clone(), vec![0; IMAGES], clean.ids().to_vec())?;
    let oracle = Oracle::new(&Fickle, 64)?;
    let broken = |attacks: &[AttackKind], compat, instead| -> Result<usize> {
        let config = AutoAttackConfig {
            attacks: attacks.to_vec(),
            iterations: 20,
            queries: 30,
            compat,
            ..AutoAttackConfig::version(Version::Rand, Norm::Linf, 0.1)
        };
        let found = control(
            &oracle,
            &clean,
            &[true; IMAGES],
            (&config, 1),
            instead,
            &mut || Ok(()),
        )?;
        Ok(found.broken.iter().filter(|&&broken| broken).count())
    };
    let both = [AttackKind::ApgdCe, AttackKind::ApgdDlr];
    for instead in [Instead::Nothing, Instead::Noise] {
        // The majority of 20 draws is right at every look, but for one in two thousand.
        let count = broken(&both, false, instead)?;
        assert!(count <= 2, "{instead:?}: {count}");
        // There the verdict alone decides, once an attack: 1 - 0.8² of the images.
        let count = broken(&both, true, instead)?;
        assert!((8..=28).contains(&count), "{instead:?}: {count}");
        // Square believes single draws: of 31 one is wrong, and then the verdict in one case of five.
        let count = broken(&[AttackKind::Square], false, instead)?;
        assert!((2..=20).contains(&count), "{instead:?}: {count}");
    }
    Ok(())
}

#[test]
fn noise_is_scored_on_images_that_were_never_attacked() -> Result<()> {
    let folder = tempdir().expect("a folder");
    let mut campaign = campaign(11);
    campaign.config.eps = 0.4;
    let results = Scene::new(campaign, folder.path()).run(&Toy::noisy()?)?;
    let wrong_at_first = results.iter().filter(|result| !result.record.initially_right());
    let moved = wrong_at_first.filter(|result| result.noise_redrawn != result.clean_redrawn);
    assert!(moved.count() > 0);
    Ok(())
}
