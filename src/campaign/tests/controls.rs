//! The null controls.

use super::{Scene, campaign};
use crate::Result;
use crate::attacks::Oracle;
use crate::attacks::tests::Toy;
use crate::campaign::Summary;
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
