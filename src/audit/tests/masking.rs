//! Every sign in both states, and all verdicts.

use super::{Linear, agreeing, from_clean, images, quietly, subject};
use crate::Result;
use crate::attacks::SeededStarts;
use crate::audit::curves::{self, Curve};
use crate::audit::masking::{self, Evidence, MaskingPanel, SignName, Thresholds, Verdict};
use crate::audit::{Scores, comparators, probes};
use crate::ensemble::Aggregation;
use crate::testing::assertions::refusal;

/// All that a panel is made of.
struct Audit {
    probes: probes::Probes,
    comparisons: comparators::Comparisons,
    steps: Curve,
    eot: Curve,
    eps: Curve,
}

impl Audit {
    fn of(ensemble: &Linear, target: Aggregation, direction: [f32; 2], eps: &[f64]) -> Result<Self> {
        let (samples, starts) = (images(direction)?, SeededStarts::new(5));
        let subject = subject(ensemble, target, &samples, &starts);
        let base = crate::attacks::PgdConfig {
            eot: 2,
            ..from_clean(0.08)
        };
        let usual = comparators::usual(&subject, 2);
        Ok(Self {
            probes: probes::run(&subject, 2, &mut quietly)?,
            comparisons: comparators::run(&subject, &usual, &base, &mut quietly)?,
            steps: curves::steps_ladder(&subject, &base, &[8, 16], &mut quietly)?,
            eot: curves::eot_ladder(&subject, &base, &[2, 4], &mut quietly)?,
            eps: curves::eps_sweep(&subject, &base, eps, &mut quietly)?,
        })
    }

    fn judge(&self, black_box: Option<&Scores>) -> Result<MaskingPanel> {
        let evidence = Evidence {
            probes: &self.probes,
            comparisons: &self.comparisons,
            steps: &self.steps,
            eot: Some(&self.eot),
            eps: &self.eps,
            black_box,
        };
        masking::run(&evidence, Thresholds::default())
    }
}

fn speaking(panel: &MaskingPanel) -> Vec<SignName> {
    let speaking = panel.signs.iter().filter(|sign| sign.speaks);
    speaking.map(|sign| sign.name).collect()
}

#[test]
fn crossmax_of_members_that_agree_is_masked() -> Result<()> {
    let audit = Audit::of(&agreeing(), Aggregation::CrossMax, [1.0, 1.0], &[0.08, 0.25])?;
    // Two of six images: a difference of 1/3 with a standard error of 0.21.
    let thresholds = Thresholds {
        standard_errors: 1.0,
        ..Thresholds::default()
    };
    let evidence = Evidence {
        probes: &audit.probes,
        comparisons: &audit.comparisons,
        steps: &audit.steps,
        eot: Some(&audit.eot),
        eps: &audit.eps,
        black_box: None,
    };
    let panel = masking::run(&evidence, thresholds)?;
    assert_eq!(panel.verdict, Verdict::Masked);
    assert_eq!(
        speaking(&panel),
        [
            SignName::TopWithoutGradient,
            SignName::LossWithoutGradient,
            SignName::TransferBeatsDirect,
            SignName::EotDoesNotHelp,
        ]
    );
    assert!(
        panel.sentence.contains(
            "images made against the members' mean leave 33.3 points less accuracy than the attack on the \
             defence itself"
        ),
        "{}",
        panel.sentence
    );
    // The same numbers within two standard errors are no sign of an attack that fails.
    assert_eq!(audit.judge(None)?.verdict, Verdict::Suspected);
    Ok(())
}

#[test]
fn the_mean_shows_no_sign() -> Result<()> {
    let audit = Audit::of(&agreeing(), Aggregation::Mean, [1.0, 1.0], &[0.08, 0.25])?;
    let panel = audit.judge(None)?;
    assert_eq!((panel.verdict, speaking(&panel)), (Verdict::NotSeen, vec![]));
    assert_eq!(panel.signs.len(), 9);
    assert_eq!(
        panel.sentence,
        "No sign of gradient masking: none of 9 signs passed its threshold."
    );
    let json = serde_json::to_string(&panel).unwrap_or_default();
    assert_eq!(serde_json::from_str::<MaskingPanel>(&json).ok(), Some(panel));
    Ok(())
}

#[test]
fn draws_that_disagree_are_suspected_only() -> Result<()> {
    let turning = Linear {
        random: true,
        weight: |_, draw| [1.0, if draw.draw % 2 == 0 { 1.0 } else { -1.0 }],
        ..agreeing()
    };
    let audit = Audit::of(&turning, Aggregation::Mean, [1.0, 0.0], &[0.08, 0.25])?;
    let panel = audit.judge(None)?;
    assert_eq!(speaking(&panel), [SignName::DrawsDisagree]);
    assert_eq!(panel.verdict, Verdict::Suspected);
    assert!(
        panel
            .sentence
            .contains("the gradients of two draws have a mean cosine of")
    );
    Ok(())
}

#[test]
fn equal_members_tie_and_a_surrogate_may_disagree() -> Result<()> {
    let equal = Linear {
        bias: |_, _| 0.0,
        ..agreeing()
    };
    let audit = Audit::of(&equal, Aggregation::CrossMax, [1.0, 1.0], &[0.08, 0.25])?;
    assert!(speaking(&audit.judge(None)?).contains(&SignName::Ties));
    let apart = Linear {
        members: 2,
        rank: 1,
        weight: |member, _| if member == 0 { [0.0, 8.0] } else { [1.0, 0.0] },
        bias: |_, _| 0.0,
        ..agreeing()
    };
    let audit = Audit::of(&apart, Aggregation::Member(1), [1.0, 1.0], &[0.08, 0.25])?;
    assert_eq!(speaking(&audit.judge(None)?), [SignName::SurrogateDisagrees]);
    Ok(())
}

#[test]
fn a_weak_sweep_a_strong_black_box_and_steps_that_hurt_speak() -> Result<()> {
    let mut audit = Audit::of(&agreeing(), Aggregation::Mean, [1.0, 1.0], &[0.04, 0.08])?;
    assert_eq!(speaking(&audit.judge(None)?), [SignName::LargeEpsNotZero]);
    assert_eq!(audit.judge(None)?.verdict, Verdict::Masked);

    audit = Audit::of(&agreeing(), Aggregation::Mean, [1.0, 1.0], &[0.08, 0.25])?;
    let mut black_box = audit.eps.points[1].defence.clone();
    assert_eq!(
        speaking(&audit.judge(Some(&black_box))?),
        [SignName::BlackBoxBeatsDirect]
    );
    black_box = audit.steps.points[0].defence.clone();
    assert!(speaking(&audit.judge(Some(&black_box))?).is_empty());

    // The long attack leaves all images, the short one none.
    audit.steps.points[1].defence.right_counts = vec![5; 6];
    audit.steps.points[0].defence.right_counts = vec![0; 6];
    assert_eq!(speaking(&audit.judge(None)?), [SignName::StepsDoNotHelp]);
    Ok(())
}

#[test]
fn evidence_that_is_missing_is_refused() -> Result<()> {
    let mut audit = Audit::of(&agreeing(), Aggregation::Mean, [1.0, 1.0], &[0.08, 0.25])?;
    std::mem::swap(&mut audit.steps, &mut audit.eot);
    assert_eq!(
        refusal(audit.judge(None)),
        "masking: `curve` is 2 of varied Eot, expected points of varied Steps"
    );
    audit.comparisons.all.clear();
    assert_eq!(
        refusal(audit.judge(None)),
        "masking: `comparisons` is none, expected the mean among them"
    );
    Ok(())
}
