//! A small self-ensemble under audit: what the audits see is what classifiers and members give.

use super::{quietly, subject};
use crate::Result;
use crate::attacks::{Classifier, Draw, LabelledImages, PgdConfig, SeededStarts, predicted_classes};
use crate::audit::{AuditDraw, Combined, MemberLogits, Subject, Views, comparators, probes, transfer};
use crate::autograd::Var;
use crate::ensemble::{
    Aggregation, EnsembleClassifier, FoldedSelfEnsemble, Method, MultiResolution, SelfEnsemble,
};
use crate::models::{BlockKind, ResNet, ResNetConfig, Stem};
use crate::nn::{Init, Pass};
use crate::tensor::Tensor;
use crate::testing::formula::unit;

const SIDE: usize = 8;
const CLASSES: usize = 4;

fn ensemble() -> Result<SelfEnsemble> {
    let method = Method {
        resolutions: vec![8, 4],
        ..Method::default()
    };
    let config = ResNetConfig {
        stem: Stem::cifar(6, 4),
        block: BlockKind::Basic,
        widths: vec![4, 8],
        blocks: vec![1, 1],
        classes: CLASSES,
    };
    let net = ResNet::new(config, &mut Init::new(1))?;
    let backbone = MultiResolution::new(net, method, SIDE, SIDE, 7)?;
    let mut ensemble = SelfEnsemble::new(backbone, &[1, 2, 3, 4], &mut Init::new(2))?;
    let mut pass = Pass::train();
    let (images, draws) = (Var::constant(pictures(12)), vec![Draw::default(); 12]);
    ensemble.member_logits(&images, &draws, &mut pass)?;
    pass.commit(&mut ensemble)?;
    Ok(ensemble)
}

fn pictures(n: usize) -> Tensor {
    Tensor::from_fn([n, SIDE, SIDE, 3], |i| (0.1 + 0.8 * unit("audit", i)) as f32)
}

fn samples() -> Result<LabelledImages> {
    LabelledImages::new(pictures(4), vec![0, 1, 2, 3], vec![7, 8, 9, 10])
}

#[test]
fn it_is_combined_as_its_classifier_combines_it() -> Result<()> {
    let (ensemble, samples) = (ensemble()?, samples()?);
    let folded = FoldedSelfEnsemble::new(&ensemble)?;
    let draws: Vec<Draw> = (0..4).map(|image| AuditDraw::Probe.draw(7 + image, 1)).collect();
    for aggregation in [Aggregation::CrossMax, Aggregation::Mean, Aggregation::Member(2)] {
        let expected = EnsembleClassifier::new(&ensemble, aggregation)?;
        let found = Combined::new(&folded, aggregation, Views::Fresh)?;
        assert_eq!(
            found.logits(samples.images(), &draws)?.to_vec()?,
            expected.logits(samples.images(), &draws)?.to_vec()?
        );
    }
    let names: Vec<String> = (0..5).map(|member| folded.member_name(member)).collect();
    assert_eq!(names, ["layer 1", "layer 2", "layer 3", "layer 4", "backbone"]);
    Ok(())
}

#[test]
fn probes_count_the_votes_of_its_members() -> Result<()> {
    let (ensemble, samples, starts) = (ensemble()?, samples()?, SeededStarts::new(5));
    let folded = FoldedSelfEnsemble::new(&ensemble)?;
    let subject = subject(&folded, Aggregation::CrossMax, &samples, &starts);
    let draws = 6;
    let found = probes::run(&subject, draws, &mut quietly)?;

    let mut votes = vec![0; 6];
    let (mut structural, mut ties) = (0, 0);
    for draw in 0..draws {
        let names: Vec<Draw> = (7..11).map(|image| AuditDraw::Probe.draw(image, draw)).collect();
        let defence = EnsembleClassifier::new(&ensemble, Aggregation::CrossMax)?;
        let tops = predicted_classes(&defence.logits(samples.images(), &names)?)?;
        let mut first = Vec::new();
        for member in 0..5 {
            let member = EnsembleClassifier::new(&ensemble, Aggregation::Member(member))?;
            first.push(predicted_classes(&member.logits(samples.images(), &names)?)?);
        }
        for (image, &top) in tops.iter().enumerate() {
            let count = |class: usize| first.iter().filter(|first| first[image] == class).count();
            votes[count(top)] += 1;
            let agreed = (0..CLASSES).filter(|&class| count(class) >= 3).count();
            structural += agreed;
            ties += usize::from(agreed > 1);
        }
    }
    assert_eq!(found.votes_for_top, votes);
    assert!(
        structural > 0 && structural < 24,
        "{structural}: the test shows little"
    );
    // A class gets 0 exactly if three members rank it first, and then it has no gradient.
    assert_eq!(
        [found.zero_logits, found.zero_logits_without_gradient],
        [structural; 2]
    );
    assert_eq!(found.ties.fraction, ties as f64 / 24.0);
    assert!(found.between_draws.mean.is_some_and(|mean| mean < 0.999));
    Ok(())
}

#[test]
fn it_is_audited_alike_in_any_sub_batch() -> Result<()> {
    let (ensemble, samples, starts) = (ensemble()?, samples()?, SeededStarts::new(5));
    let folded = FoldedSelfEnsemble::new(&ensemble)?;
    let config = PgdConfig::new(0.1, 2);
    let audit = |sub_batch: usize| {
        let subject = Subject {
            sub_batch,
            repeats: 2,
            ..subject(&folded, Aggregation::CrossMax, &samples, &starts)
        };
        let defence = comparators::usual(&subject, 2)[..1].to_vec();
        Ok::<_, crate::Error>((
            probes::run(&subject, 2, &mut quietly)?,
            comparators::run(&subject, &defence, &config, &mut quietly)?,
            transfer::run(&subject, &config, &mut quietly)?,
        ))
    };
    assert_eq!(audit(1)?, audit(3)?);
    Ok(())
}
