//! Attack one member, read another: are the layers' mistakes the same?

use super::members::SideBySide;
use super::{AuditDraw, MeanShare, OnAuditProgress, Subject, Views};
use crate::Result;
use crate::attacks::{Draw, LabelledImages, Oracle, PgdConfig, predicted_classes};
use crate::ensemble::Aggregation;
use crate::tensor::{Element, Tensor};
use serde::{Deserialize, Serialize};

/// Accuracies of members on images that were made against others. Members are in the order of the
/// ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferMatrix {
    /// The attack.
    pub config: PgdConfig,
    /// Names of the members.
    pub members: Vec<String>,
    /// Accuracy of every member on the clean images.
    pub clean: Vec<MeanShare>,
    /// Accuracy of the member read (inner) on the images made against the member attacked (outer).
    pub attacked: Vec<Vec<MeanShare>>,
}

/// Attacks every member with `config` and reads them all.
///
/// # Errors
/// Those of [`pgd`](crate::attacks::pgd), [`Oracle::logits`] and `on_progress`.
pub fn run<T: Element>(
    subject: &Subject<'_, T>,
    config: &PgdConfig,
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<TransferMatrix> {
    let count = subject.ensemble.members();
    let members: Vec<String> = (0..count)
        .map(|member| subject.ensemble.member_name(member))
        .collect();
    let mut attacked = Vec::with_capacity(count);
    for (member, name) in members.iter().enumerate() {
        let classifier = subject.combined(Aggregation::Member(member), Views::Fresh)?;
        let images = subject.attack(&classifier, config, name, (member, count), on_progress)?;
        attacked.push(read_members(subject, &images)?);
    }
    Ok(TransferMatrix {
        config: config.clone(),
        members,
        clean: read_members(subject, subject.samples.images())?,
        attacked,
    })
}

/// Accuracy of every member on `images` over fresh draws.
fn read_members<T: Element>(subject: &Subject<'_, T>, images: &Tensor<T>) -> Result<Vec<MeanShare>> {
    let samples: LabelledImages<T> = subject.samples.with_images(images.clone())?;
    let count = subject.ensemble.members();
    let side_by_side = SideBySide(subject.ensemble);
    let oracle = Oracle::new(&side_by_side, subject.sub_batch)?;
    let mut right = vec![vec![0; samples.len()]; count];
    for repeat in 0..subject.repeats {
        let draws: Vec<Draw> = samples
            .ids()
            .iter()
            .map(|&id| AuditDraw::Score.draw(id, repeat))
            .collect();
        let logits = oracle.logits(samples.images(), &draws)?;
        let classes =
            predicted_classes(&logits.reshape([samples.len() * count, subject.ensemble.classes()])?)?;
        for (i, (of_members, label)) in classes
            .chunks_exact(count.max(1))
            .zip(samples.labels())
            .enumerate()
        {
            for (right, class) in right.iter_mut().zip(of_members) {
                right[i] += u16::from(class == label);
            }
        }
    }
    Ok(right
        .iter()
        .map(|counts| MeanShare::of_counts(counts, subject.repeats))
        .collect())
}
