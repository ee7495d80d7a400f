//! SearchKind the worst image is chosen and scored.

use super::resume::Memory;
use super::{climbed, ladder, short, subject};
use crate::Result;
use crate::attacks::{Draw, SeededStarts};
use crate::audit::ladder::{Fate, Forgetful, Ladder, RungName};
use crate::audit::tests::{agreeing, images, noisy, quietly};
use crate::audit::{AuditDraw, MemberLogits, Subject};
use crate::autograd::Var;
use crate::ensemble::Aggregation;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

#[test]
fn the_worst_image_is_no_better_than_any_candidate_on_selection_draws() -> Result<()> {
    let (report, _) = ladder(&noisy(), &short(0.08))?;
    let mut before = vec![u16::MAX; 6];
    let mut improved = 0;
    for rung in &report.rungs {
        for (i, (&worst, before)) in rung.union_selection.iter().zip(&mut before).enumerate() {
            assert!(worst <= *before, "{}: image {i}", rung.rung);
            for search in &rung.searches {
                assert!(
                    worst <= search.right_on_selection[i],
                    "{}: image {i}",
                    search.name
                );
            }
            improved += usize::from(worst < *before);
            *before = worst;
        }
    }
    assert!(improved > 7, "{improved}: the test shows little");
    // A score is not the count that the choice was made by.
    let last = &report.rungs[6];
    let chosen_by: Vec<u16> = last.union_selection.iter().map(|&right| right * 5 / 4).collect();
    assert_ne!(chosen_by, last.union.right_counts);
    Ok(())
}

#[test]
fn among_candidates_right_equally_often_the_one_of_the_smallest_margin_is_worst() -> Result<()> {
    let (samples, starts, ensemble) = (images([1.0, 0.3])?, SeededStarts::new(5), noisy());
    let subject = subject(&ensemble, &samples, &starts, 4);
    let mut archive = Memory::default();
    let (report, worst) = climbed(subject, &starts, &short(0.08), &mut archive)?;
    let first = &report.rungs[0].searches[0].name;
    let mut later = 0;
    for i in 0..samples.len() {
        let standings = archive.kept.values().map(|found| found.standings[i]);
        let least = standings.map(|standing| (f32::from(standing.right), standing.margin));
        let least = least
            .min_by(|a, b| a.partial_cmp(b).expect("numbers"))
            .expect("a search");
        let Some(by) = &report.rungs[6].union_by[i] else {
            // The clean image: no candidate is right less often.
            assert!(least.0 >= f32::from(report.rungs[6].union_selection[i]));
            continue;
        };
        let found = &archive.kept[by];
        let chosen = found.standings[i];
        assert_eq!((f32::from(chosen.right), chosen.margin), least, "image {i}");
        let images = found.images.as_ref().expect("images");
        assert_eq!(images.rows(i, 1)?.to_vec()?, worst.rows(i, 1)?.to_vec()?);
        // The first search ties in its count.
        let tied = archive.kept[first].standings[i];
        later += usize::from(tied.right == chosen.right && tied.margin > chosen.margin);
    }
    assert!(later > 0, "the test shows little");
    assert!(
        report.sentence.contains("strongest single search"),
        "{}",
        report.sentence
    );
    Ok(())
}

#[test]
fn attacks_through_the_mean_take_what_crossmax_hides() -> Result<()> {
    let (samples, starts, ensemble) = (images([1.0, 1.0])?, SeededStarts::new(5), agreeing());
    let subject = subject(&ensemble, &samples, &starts, 4);
    let (report, _) = climbed(subject, &starts, &short(0.08), &mut Forgetful)?;
    // Within 0.08 two of the six can be moved across the line, whoever attacks; nobody moves the others.
    assert_eq!(report.union().right_counts, [0, 0, 5, 5, 5, 5]);
    assert_eq!(report.fates[2..], [Fate::Standing; 4]);
    assert!(matches!(report.fates[0], Fate::BrokenBy(rung) if rung <= RungName::Surrogate));
    assert!(matches!(report.fates[1], Fate::BrokenBy(rung) if rung <= RungName::Surrogate));
    let broken: usize = report.rungs.iter().map(|rung| report.broken_by(rung.rung)).sum();
    assert_eq!(broken, 2);
    assert_eq!(report.reached, [Some(1), Some(0), None, None, None, None]);
    // Restarts are spent on those that stand.
    let restarts = &report.rungs[6].searches;
    assert_eq!(
        restarts.iter().map(|search| search.attacked).collect::<Vec<_>>(),
        [4, 4]
    );
    assert!(report.sentence.contains("leave 66.7 %"), "{}", report.sentence);
    Ok(())
}

#[test]
fn a_larger_ball_leaves_nothing() -> Result<()> {
    let (report, _) = ladder(&agreeing(), &short(0.5))?;
    assert_eq!(report.union().mean.fraction, 0.0, "{}", report.sentence);
    Ok(())
}

/// Notes the draws that its ensemble is asked for.
struct Spy<'a> {
    ensemble: &'a dyn MemberLogits,
    asked: Mutex<BTreeSet<u8>>,
}

impl Spy<'_> {
    fn asked(&self) -> Vec<u8> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *asked).into_iter().collect()
    }
}

impl MemberLogits for Spy<'_> {
    fn classes(&self) -> usize {
        self.ensemble.classes()
    }

    fn members(&self) -> usize {
        self.ensemble.members()
    }

    fn member_name(&self, member: usize) -> String {
        self.ensemble.member_name(member)
    }

    fn rank(&self) -> usize {
        self.ensemble.rank()
    }

    fn is_random(&self) -> bool {
        self.ensemble.is_random()
    }

    fn member_logits(&self, images: &Var, draws: &[Draw]) -> Result<Var> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.extend(draws.iter().map(|draw| draw.attack));
        drop(asked);
        self.ensemble.member_logits(images, draws)
    }
}

#[test]
fn no_search_and_no_choice_sees_the_draws_of_the_score() -> Result<()> {
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let spy = Spy {
        ensemble: &ensemble,
        asked: Mutex::default(),
    };
    let subject: Subject<'_> = crate::audit::tests::subject(&spy, Aggregation::CrossMax, &samples, &starts);
    let mut ladder = Ladder::new(subject, &starts, short(0.08))?;
    for rung in RungName::ALL {
        ladder.climb(rung, &mut Forgetful, &mut quietly)?;
        let asked = spy.asked();
        assert!(asked.contains(&(AuditDraw::Select as u8)), "{rung}: {asked:?}");
        assert!(!asked.contains(&(AuditDraw::Score as u8)), "{rung}: {asked:?}");
        ladder.score()?;
        let asked = spy.asked();
        assert!(asked.contains(&(AuditDraw::Score as u8)), "{rung}: {asked:?}");
        assert!(!asked.contains(&(AuditDraw::Select as u8)), "{rung}: {asked:?}");
    }
    Ok(())
}
