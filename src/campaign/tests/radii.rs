//! The smallest radius at which an image is broken, where it can be worked out.

use super::{Scene, campaign};
use crate::Result;
use crate::attacks::{
    AttackKind, AutoAttackConfig, Classifier, Draw, LabelledImages, Linearised, Norm, Oracle, Version,
    linearise,
};
use crate::autograd::Var;
use crate::campaign::{Campaign, Files, Until};
use crate::tensor::Tensor;
use serde_json::json;
use tempfile::tempdir;

/// The brighter half wins: logit 0 is the sum of the first two pixels, logit 1 that of the others, logit 2 never wins.
struct Halves(Var);

impl Halves {
    fn new() -> Result<Self> {
        let weights = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        Ok(Self(Var::constant(Tensor::from_slice([3, 4], &weights)?)))
    }
}

impl Classifier for Halves {
    fn classes(&self) -> usize {
        3
    }

    fn is_random(&self) -> bool {
        false
    }

    fn logits(&self, images: &Tensor, _: &[Draw]) -> Result<Tensor> {
        Ok(Var::constant(images.clone())
            .flatten()?
            .linear(&self.0, None)?
            .into_value())
    }

    fn linearise<'a>(&'a self, images: &Tensor, _: &[Draw]) -> Result<Linearised<'a>> {
        linearise(images, |images| images.flatten()?.linear(&self.0, None))
    }
}

#[test]
fn bisection_finds_the_boundary() -> Result<()> {
    // Sums 0.5 + 0.5 against 0.5 − margin: broken in L∞ from a quarter of the margin on.
    let margins = [0.2_f32, 0.04, 0.9, -0.1];
    let pixels: Vec<f32> = margins
        .iter()
        .flat_map(|m| [0.5, 0.5, 0.5 - m / 2.0, 0.5 - m / 2.0])
        .collect();
    let images = Tensor::from_slice([4, 2, 2, 1], &pixels)?;
    let samples = LabelledImages::new(images, vec![0; 4], (0..4).collect())?;
    let config = AutoAttackConfig {
        attacks: vec![AttackKind::ApgdCe],
        iterations: 30,
        ..AutoAttackConfig::version(Version::Standard, Norm::Linf, 0.02)
    };
    let campaign = Campaign {
        config,
        bisections: 8,
        ..campaign(4)
    };
    let halves = Halves::new()?;
    let oracle = Oracle::new(&halves, 4)?;
    let folder = tempdir().expect("a folder");
    let header = campaign.header(&oracle, 4, json!({}));
    let (mut files, known) = Files::open(folder.path(), &header, [2, 2, 1])?;
    let positions = [0, 1, 2, 3];
    let run = (&samples, positions.as_slice());
    let results = campaign.run(&oracle, run, (&mut files, known), Until::All, &mut |_| Ok(()))?;
    let radii: Vec<_> = results
        .iter()
        .filter_map(|result| result.smallest_radius)
        .collect();
    let widest = 0.16;
    for (radius, margin) in radii.iter().zip(margins).take(2) {
        let truth = f64::from(margin) / 4.0;
        let found = radius.broken.expect("broken");
        assert!(
            radius.robust <= truth + 1e-6 && truth <= found + 1e-6,
            "{radius:?} around {truth}"
        );
        assert!(found - radius.robust < widest / 200.0, "{radius:?}");
    }
    // Never farther than where the attack broke it.
    assert!(results[1].record.broken.is_some());
    assert!(
        radii[1]
            .broken
            .is_some_and(|broken| broken <= results[1].distance),
        "{:?}",
        radii[1]
    );
    // Out of reach, and wrong from the start.
    assert!(
        radii[2].broken.is_none() && radii[2].robust == widest,
        "{:?}",
        radii[2]
    );
    assert_eq!(radii[3].broken, Some(0.0));
    Ok(())
}

#[test]
fn without_it_nothing_is_looked_for() -> Result<()> {
    let folder = tempdir().expect("a folder");
    let results = Scene::new(campaign(4), folder.path()).run(&crate::attacks::tests::Toy::new(true)?)?;
    assert!(results.iter().all(|result| result.smallest_radius.is_none()));
    Ok(())
}
