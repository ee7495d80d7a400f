//! Other aggregations and views under the same attack: what does the defence add to them?

use super::{Combined, OnAuditProgress, Scores, Subject, Views};
use crate::Result;
use crate::attacks::PgdConfig;
use crate::ensemble::Aggregation;
use crate::tensor::Element;
use serde::{Deserialize, Serialize};

/// A classifier made of the ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparator {
    /// How members are combined.
    pub aggregation: Aggregation,
    /// What becomes of their draws.
    pub views: Views,
}

/// A comparator under attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What it is.
    pub comparator: Comparator,
    /// Its name for tables.
    pub name: String,
    /// It on the clean images.
    pub clean: Scores,
    /// It on the images of the attack on it (for the vote: on its mean, with the same views).
    pub attacked: Scores,
    /// The defence on the same images: a transferred attack.
    pub transferred: Scores,
}

/// All comparators under one attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparisons {
    /// The attack.
    pub config: PgdConfig,
    /// How the defence combines its members.
    pub target: Aggregation,
    /// In the order asked for.
    pub all: Vec<Comparison>,
}

impl Comparisons {
    /// The comparison of `aggregation` with fresh draws, if there is one.
    pub fn of(&self, aggregation: Aggregation) -> Option<&Comparison> {
        let wanted = Comparator {
            aggregation,
            views: Views::Fresh,
        };
        self.all.iter().find(|comparison| comparison.comparator == wanted)
    }
}

/// The usual comparators: the defence first, CrossMax for every k, mean, median, trimmed mean, vote,
/// every member (the last is the backbone alone), the defence and the mean on a frozen draw, and
/// the backbone and the defence on the mean of `passes` draws (with 2 the backbone costs as many
/// passes as a self-ensemble with a backbone pass of its own).
pub fn usual<T: Element>(subject: &Subject<'_, T>, passes: u16) -> Vec<Comparator> {
    let members = subject.ensemble.members();
    let with = |aggregation: Aggregation, views| Comparator { aggregation, views };
    let mut all = vec![with(subject.target, Views::Fresh)];
    // The defence's own k is there already.
    let defended = (subject.target == Aggregation::CrossMax).then(|| subject.ensemble.rank());
    let aggregations = (1..=members)
        .filter(|&k| Some(k) != defended)
        .map(Aggregation::TopK)
        .chain([
            Aggregation::Mean,
            Aggregation::Median,
            Aggregation::TrimmedMean,
            Aggregation::Vote,
        ])
        .chain((0..members).map(Aggregation::Member));
    all.extend(aggregations.map(|aggregation| with(aggregation, Views::Fresh)));
    for aggregation in [subject.target, Aggregation::Mean] {
        all.push(with(aggregation, Views::Frozen));
    }
    for aggregation in [Aggregation::Member(members.saturating_sub(1)), subject.target] {
        all.push(with(aggregation, Views::Averaged(passes)));
    }
    all.retain(|comparator| comparator.aggregation.check(members).is_ok());
    let mut distinct = Vec::with_capacity(all.len());
    for comparator in all {
        if !distinct.contains(&comparator) {
            distinct.push(comparator);
        }
    }
    distinct
}

/// Attacks every one of `comparators` with `config` and scores it before and after.
///
/// # Errors
/// Those of [`Combined::new`], [`pgd`](crate::attacks::pgd), [`score`](super::score) and
/// `on_progress`.
pub fn run<T: Element>(
    subject: &Subject<'_, T>,
    comparators: &[Comparator],
    config: &PgdConfig,
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<Comparisons> {
    let defence = subject.defence()?;
    let mut all = Vec::with_capacity(comparators.len());
    for (part, &comparator) in comparators.iter().enumerate() {
        let name = name(subject, comparator);
        let classifier: Combined<'_, T> = subject.combined(comparator.aggregation, comparator.views)?;
        let images = subject.attack(&classifier, config, &name, (part, comparators.len()), on_progress)?;
        all.push(Comparison {
            clean: subject.scores(&classifier, subject.samples.images(), config)?,
            attacked: subject.scores(&classifier, &images, config)?,
            transferred: subject.scores(&defence, &images, config)?,
            comparator,
            name,
        });
    }
    Ok(Comparisons {
        config: config.clone(),
        target: subject.target,
        all,
    })
}

fn name<T: Element>(subject: &Subject<'_, T>, comparator: Comparator) -> String {
    let aggregation = match comparator.aggregation {
        Aggregation::Member(member) => subject.ensemble.member_name(member),
        Aggregation::CrossMax => Aggregation::TopK(subject.ensemble.rank()).to_string(),
        other => other.to_string(),
    };
    match comparator.views {
        Views::Fresh => aggregation,
        views => format!("{aggregation}, {views}"),
    }
}
