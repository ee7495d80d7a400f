//! What a ladder found.

use super::{Found, LadderConfig, PUBLISHED, Published, RungName, Search, SearchKind};
use crate::attacks::{LabelledImages, MeanShare, Scores};
use crate::tensor::Element;
use serde::{Deserialize, Serialize};

/// What one search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchReport {
    /// Its name: rung/name.
    pub name: String,
    /// How it attacked, with all settings.
    pub how: SearchKind,
    /// How many images it searched.
    pub attacked: u64,
    /// Passes forward and back; looks, which are forward alone, are not counted.
    pub passes: u64,
    /// Accuracy of the defence on its candidates over the selection draws. (No choice was made by them yet: they are as good as
    /// any.)
    pub left: MeanShare,
    /// On how many selection draws each candidate is right.
    pub right_on_selection: Vec<u16>,
}

impl SearchReport {
    pub(super) fn new<T: Element>(search: &Search, found: &Found<T>, selection: u16) -> Self {
        let right: Vec<u16> = found.standings.iter().map(|standing| standing.right).collect();
        Self {
            name: search.name.clone(),
            how: search.how.clone(),
            attacked: found.attacked,
            passes: found.passes,
            left: MeanShare::of_counts(&right, selection),
            right_on_selection: right,
        }
    }
}

/// What a rung found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RungReport {
    /// Which.
    pub rung: RungName,
    /// Its searches.
    pub searches: Vec<SearchReport>,
    /// The defence on the worst of its own candidates. Never broken is AutoAttack's own count where the rung is AutoAttack.
    pub own: Scores,
    /// The defence on the worst candidates of this and all lower rungs.
    pub union: Scores,
    /// The search that found each of the latter; none where it is the clean image.
    pub union_by: Vec<Option<String>>,
    /// On how many selection draws each of them is right.
    pub union_selection: Vec<u16>,
    /// The class that each of them has on most fresh draws.
    pub union_classes: Vec<usize>,
}

impl RungReport {
    /// Passes forward and back of all its searches.
    pub fn passes(&self) -> u64 {
        self.searches.iter().map(|search| search.passes).sum()
    }

    /// Images that its searches attacked, each counted once a search.
    pub fn attacked(&self) -> u64 {
        self.searches.iter().map(|search| search.attacked).sum()
    }
}

/// What became of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The clean image is wrong on more than half of the fresh draws.
    WrongWhenClean,
    /// After this rung, and after none before, the worst image is wrong on more than half of the fresh draws.
    BrokenBy(RungName),
    /// It never was.
    Standing,
}

/// What a ladder found, with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LadderReport {
    /// The settings.
    pub config: LadderConfig,
    /// The defence on the clean images.
    pub clean: Scores,
    /// The rungs, lowest first.
    pub rungs: Vec<RungReport>,
    /// What became of each image.
    pub fates: Vec<Fate>,
    /// The class that each worst image has on most fresh draws, if that is not its label.
    pub reached: Vec<Option<usize>>,
    /// What was published, on other models.
    pub published: Vec<Published>,
    /// What remains of the claim.
    pub sentence: String,
}

impl LadderReport {
    pub(super) fn new<T: Element>(
        config: &LadderConfig,
        samples: &LabelledImages<T>,
        clean: Scores,
        rungs: Vec<RungReport>,
    ) -> Self {
        let wrong = |scores: &Scores, i: usize| {
            let right = scores.right_counts.get(i).copied().unwrap_or_default();
            2 * u32::from(right) < u32::from(scores.repeats)
        };
        let fate = |i: usize| {
            if wrong(&clean, i) {
                return Fate::WrongWhenClean;
            }
            let breaker = rungs.iter().find(|rung| wrong(&rung.union, i));
            breaker.map_or(Fate::Standing, |rung| Fate::BrokenBy(rung.rung))
        };
        let classes = rungs.last().map_or(&[][..], |rung| &rung.union_classes);
        let reached = |(&class, &label): (&usize, &usize)| (class != label).then_some(class);
        Self {
            config: config.clone(),
            fates: (0..samples.len()).map(fate).collect(),
            reached: classes.iter().zip(samples.labels()).map(reached).collect(),
            published: PUBLISHED.to_vec(),
            sentence: sentence(&clean, &rungs),
            clean,
            rungs,
        }
    }

    /// How many images `rung` broke first.
    pub fn broken_by(&self, rung: RungName) -> usize {
        self.fates
            .iter()
            .filter(|&&fate| fate == Fate::BrokenBy(rung))
            .count()
    }

    /// The defence on the worst images of all rungs; on the clean ones if there are no rungs.
    pub fn union(&self) -> &Scores {
        self.rungs.last().map_or(&self.clean, |rung| &rung.union)
    }
}

/// What remains of the claim, in plain words.
fn sentence(clean: &Scores, rungs: &[RungReport]) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let mean = |scores: &Scores| percent(scores.mean.fraction);
    let Some(last) = rungs.last() else {
        return "No rung was climbed.".into();
    };
    let left = last.union.mean;
    let (low, high) = left.ci95;
    let union = format!(
        "the worst images of all {} rungs leave {} (95 % interval {:.1} to {:.1} %, {} images, {} draws)",
        rungs.len(),
        mean(&last.union),
        100.0 * low,
        100.0 * high,
        left.of,
        last.union.repeats
    );
    let single = strongest_search(rungs);
    let clean_told = format!("of {} on clean images", mean(clean));
    let quoted = rungs.iter().find(|rung| rung.rung == RungName::AutoattackRand);
    let Some(quoted) = quoted else {
        return format!("On fresh draws {union}, {clean_told}{single}.");
    };
    let claim = quoted.own.mean.fraction;
    let remains = match claim > 0.0 {
        true => format!(
            "{} of the accuracy that AutoAttack rand would have one claim remains",
            percent(left.fraction / claim)
        ),
        false => "nothing was left to claim".into(),
    };
    format!(
        "AutoAttack rand leaves {} never broken and {} on fresh draws, {clean_told}; {union}: {remains}{single}.",
        percent(quoted.own.never_broken.fraction),
        mean(&quoted.own)
    )
}

/// The single search that leaves least, to be read beside the worst images of all: those are chosen by few draws, and what all
/// searches leave together may by chance lie above what one of them leaves.
fn strongest_search(rungs: &[RungReport]) -> String {
    let searches = rungs.iter().flat_map(|rung| &rung.searches);
    let Some(least) = searches.min_by(|a, b| a.left.fraction.total_cmp(&b.left.fraction)) else {
        return String::new();
    };
    format!(
        "; the strongest single search, {}, leaves {:.1} % on the selection draws",
        least.name,
        100.0 * least.left.fraction
    )
}
