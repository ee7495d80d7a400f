//! The way up.

use super::attack::{Block, images_of, within_ball};
use super::looks::{score, standings_on_selection};
use super::plan::{SURROGATE_RESULT, searches};
use super::worst::Worst;
use super::{
    Archive, Attack, Found, LadderConfig, LadderReport, RungName, RungReport, Search, SearchKind,
    SearchReport, Standing, Start,
};
use crate::attacks::{AttackSource, LabelledImages, OnIteration, Oracle, SearchProgress, Tape};
use crate::audit::{AuditProgress, Combined, OnAuditProgress, Subject};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// A ladder that is being climbed: [`Ladder::climb`] and [`Ladder::score`] for each rung, then [`Ladder::report`].
pub struct Ladder<'a, T: Element = f32> {
    subject: Subject<'a, T>,
    source: &'a dyn AttackSource<T>,
    config: LadderConfig,
    defence: Combined<'a, T>,
    /// The worst image of all rungs so far.
    worst: Worst<T>,
    /// The searches that are done.
    done: Vec<Done>,
    /// The rung that was climbed last.
    rung: Option<Climbed<T>>,
    /// Result of the search [`SURROGATE_RESULT`].
    surrogate: Option<Tensor<T>>,
}

/// A search that is done.
struct Done {
    search: Search,
    standings: Vec<Standing>,
}

/// A rung that was climbed.
struct Climbed<T: Element> {
    name: RungName,
    /// The worst image of its own searches.
    worst: Worst<T>,
    /// AutoAttack's own verdicts.
    flags: Option<Vec<bool>>,
    searches: Vec<SearchReport>,
}

impl<'a, T: Element> Ladder<'a, T> {
    /// A ladder against the defence of `subject`, with the starts of `source`; looks at the clean images.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings or labels out of range, or more members than a rung has room for; those of
    /// [`Oracle::predictions`].
    pub fn new(
        subject: Subject<'a, T>,
        source: &'a dyn AttackSource<T>,
        config: LadderConfig,
    ) -> Result<Self> {
        config.check()?;
        if subject.repeats == 0 {
            return Err(Error::argument("ladder", "repeats", "at least 1", 0));
        }
        let classes = subject.ensemble.classes();
        if let Some(label) = subject.samples.labels().iter().find(|&&label| label >= classes) {
            let expected = format!("below the ensemble's {classes} classes");
            return Err(Error::argument("ladder", "label", expected, label));
        }
        for &rung in &config.rungs {
            searches(rung, &config, subject.ensemble)?;
        }
        let defence = subject.defence()?;
        let oracle = Oracle::new(&defence, subject.sub_batch)?;
        let standings = standings_on_selection(&oracle, subject.samples, config.selection)?;
        Ok(Self {
            worst: Worst::new(subject.samples.images().clone(), standings, None),
            subject,
            source,
            config,
            defence,
            done: Vec::new(),
            rung: None,
            surrogate: None,
        })
    }

    /// The worst image of all rungs so far, [N, H, W, C].
    pub fn worst(&self) -> &Tensor<T> {
        self.worst.images()
    }

    /// On how many selection draws each worst image is right.
    pub fn worst_right(&self) -> Vec<u16> {
        self.worst
            .standings()
            .iter()
            .map(|standing| standing.right)
            .collect()
    }

    /// Makes the searches of `rung`, as far as `archive` does not have what they found.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not the next of the settings' rungs, an image is outside its ball, or the archive has something
    /// else; those of the searches, of the archive and of `on_progress`.
    pub fn climb(
        &mut self,
        rung: RungName,
        archive: &mut dyn Archive<T>,
        on_progress: &mut OnAuditProgress<'_>,
    ) -> Result<()> {
        let last = self.rung.as_ref().map(|climbed| climbed.name);
        let next = (self.config.rungs.iter().copied()).find(|&other| last.is_none_or(|last| other > last));
        if next != Some(rung) {
            let expected = next.map_or("none: all were climbed".into(), |next| next.to_string());
            return Err(Error::argument("ladder", "rung", expected, rung));
        }
        let searches = searches(rung, &self.config, self.subject.ensemble)?;
        let parts = searches.len();
        let mut climbed: Option<Climbed<T>> = None;
        for (part, search) in searches.into_iter().enumerate() {
            let found = self.search(&search, archive, &mut |share| {
                let at = AuditProgress {
                    what: &search.name,
                    done: part,
                    parts,
                    search: share,
                };
                on_progress(&at)
            })?;
            let images = images_of(&found)?;
            if search.name == SURROGATE_RESULT {
                self.surrogate = Some(images.clone());
            }
            let candidates = Worst::new(images.clone(), found.standings.clone(), Some(self.done.len()));
            let report = SearchReport::new(&search, &found, self.config.selection);
            match &mut climbed {
                None => {
                    climbed = Some(Climbed {
                        name: rung,
                        worst: candidates,
                        flags: found.flags,
                        searches: vec![report],
                    });
                }
                Some(climbed) => {
                    climbed.worst.offer(&candidates)?;
                    climbed.searches.push(report);
                }
            }
            self.done.push(Done {
                search,
                standings: found.standings,
            });
        }
        if let Some(climbed) = &climbed {
            // All at once: a search from the worst image so far begins at that of the lower rungs.
            self.worst.offer(&climbed.worst)?;
        }
        self.rung = climbed;
        Ok(())
    }

    /// Scores the rung that was climbed last, and all rungs so far, on fresh draws of the defence.
    ///
    /// # Errors
    /// [`Error::Argument`] if no rung was climbed; those of [`Oracle::predictions`].
    pub fn score(&self) -> Result<RungReport> {
        let Some(climbed) = &self.rung else {
            return Err(Error::argument("ladder", "rungs climbed", "at least 1", "none"));
        };
        let oracle = Oracle::new(&self.defence, self.subject.sub_batch)?;
        let score = |images, flags| score(&oracle, self.subject.samples, images, flags, self.subject.repeats);
        let own = score(climbed.worst.images(), climbed.flags.as_deref())?;
        let union = score(self.worst.images(), None)?;
        let name = |by: &Option<usize>| Some(self.done.get((*by)?)?.search.name.clone());
        Ok(RungReport {
            rung: climbed.name,
            searches: climbed.searches.clone(),
            union_by: self.worst.by().iter().map(name).collect(),
            own: own.scores,
            union: union.scores,
            union_selection: self.worst_right(),
            union_classes: union.classes,
        })
    }

    /// What all rungs found; `rungs` are their reports.
    ///
    /// # Errors
    /// Those of [`Oracle::predictions`].
    pub fn report(&self, rungs: Vec<RungReport>) -> Result<LadderReport> {
        let oracle = Oracle::new(&self.defence, self.subject.sub_batch)?;
        let samples = self.subject.samples;
        let clean = score(&oracle, samples, samples.images(), None, self.subject.repeats)?;
        Ok(LadderReport::new(&self.config, samples, clean.scores, rungs))
    }

    /// All that `search` finds, from where the archive ends on.
    fn search(
        &self,
        search: &Search,
        archive: &mut dyn Archive<T>,
        tell: &mut dyn FnMut(Option<SearchProgress>) -> Result<()>,
    ) -> Result<Found<T>> {
        let samples = self.subject.samples;
        let mut found = match archive.found(&search.name)? {
            Some(found) => self.checked(search, found)?,
            None => Found::default(),
        };
        tell(None)?;
        let tape = match found.standings.len() < samples.len() {
            true => archive.tape(&search.name)?,
            false => None,
        };
        while found.standings.len() < samples.len() {
            let first = found.standings.len();
            let rows: Vec<usize> = (first..samples.len().min(first + self.config.block)).collect();
            let next = self.block(search, &rows, tape.as_ref(), &mut |at| {
                // The search in all images, not in this block alone.
                let share = |iterations: u64| {
                    (first as u64 * u64::from(at.iterations) + iterations) / samples.len() as u64
                };
                let done = share(rows.len() as u64 * u64::from(at.iteration));
                tell(Some(SearchProgress {
                    iteration: u16::try_from(done).unwrap_or(u16::MAX),
                    ..*at
                }))
            });
            if let (Err(_), Some(tape)) = (&next, &tape) {
                tape.flush()?;
            }
            found.append(next?)?;
            archive.keep(&search.name, &found)?;
            if let Some(tape) = &tape {
                tape.clear()?;
            }
        }
        Ok(found)
    }

    /// What `search` finds for the images with the indices `rows`, checked and looked at.
    fn block(
        &self,
        search: &Search,
        rows: &[usize],
        tape: Option<&Tape>,
        on_iteration: &mut OnIteration<'_>,
    ) -> Result<Found<T>> {
        let samples = self.subject.samples.select(rows)?;
        let mut found = match &search.how {
            SearchKind::Attack(attack) => {
                let place = (&samples, rows, search.number);
                self.attack(attack, place, tape, on_iteration)?
            }
            SearchKind::Strongest => self.strongest(search.number, rows, tape, on_iteration)?,
        };
        let images = images_of(&found)?;
        within_ball(self.config.eps, &samples, images)?;
        let oracle = Oracle::new(&self.defence, self.subject.sub_batch)?;
        let looked_at = samples.with_images(images.clone())?;
        found.standings = standings_on_selection(&oracle, &looked_at, self.config.selection)?;
        Ok(found)
    }

    /// `attack` as search `number` on `samples`, those with the indices `rows`.
    fn attack(
        &self,
        attack: &Attack,
        (samples, rows, number): (&LabelledImages<T>, &[usize], u16),
        tape: Option<&Tape>,
        on_iteration: &mut OnIteration<'_>,
    ) -> Result<Found<T>> {
        let from = match attack.from {
            Start::Random => None,
            Start::WorstSoFar => Some(self.worst.images().select(rows)?),
            Start::SurrogateResult => match &self.surrogate {
                Some(images) => Some(images.select(rows)?),
                None => {
                    return Err(Error::argument(
                        "ladder",
                        "rungs",
                        "surrogate before this one",
                        "none",
                    ));
                }
            },
        };
        let block = Block {
            subject: &self.subject,
            source: self.source,
            samples,
            from,
            number,
            tape,
        };
        block.attack(attack, on_iteration)
    }

    /// Each image with the attack that was strongest on it; see [`SearchKind::Strongest`].
    fn strongest(
        &self,
        number: u16,
        rows: &[usize],
        tape: Option<&Tape>,
        on_iteration: &mut OnIteration<'_>,
    ) -> Result<Found<T>> {
        let mut images = self.worst.images().select(rows)?;
        let mut total = Found::default();
        let standing = |&place: &usize| self.worst.standings()[rows[place]].right > 0;
        let places: Vec<usize> = (0..rows.len()).filter(standing).collect();
        for (index, done) in self.done.iter().enumerate() {
            let SearchKind::Attack(attack) = &done.search.how else {
                continue;
            };
            let here = |&place: &usize| self.strongest_on(rows[place]) == Some(index);
            let chosen: Vec<usize> = places.iter().copied().filter(here).collect();
            if chosen.is_empty() {
                continue;
            }
            let rows: Vec<usize> = chosen.iter().map(|&place| rows[place]).collect();
            let samples = self.subject.samples.select(&rows)?;
            let found = self.attack(attack, (&samples, &rows, number), tape, on_iteration)?;
            let sources: Vec<usize> = (0..chosen.len()).collect();
            images.replace_rows(&chosen, images_of(&found)?, &sources)?;
            total.attacked += found.attacked;
            total.passes += found.passes;
        }
        Ok(Found {
            images: Some(images),
            ..total
        })
    }

    /// The index of the repeatable search of lower rungs whose candidate for image `row` stands worst.
    fn strongest_on(&self, row: usize) -> Option<usize> {
        let repeatable = |done: &Done| match &done.search.how {
            SearchKind::Attack(attack) => attack.is_repeatable(),
            SearchKind::Strongest => false,
        };
        let candidates = self.done.iter().enumerate().filter(|(_, done)| repeatable(done));
        let standings = candidates.filter_map(|(index, done)| Some((index, done.standings.get(row)?)));
        let worst = standings.min_by(|(_, a), (_, b)| a.order(b));
        worst.map(|(index, _)| index)
    }

    /// What the archive has, if it is of these images.
    fn checked(&self, search: &Search, found: Found<T>) -> Result<Found<T>> {
        let refuse = |told: String| {
            Error::argument(
                "ladder",
                "archive",
                format!("the images of {}", search.name),
                told,
            )
        };
        let count = found.standings.len();
        let samples = self.subject.samples;
        let Some(images) = &found.images else {
            return Err(refuse("none".into()));
        };
        let fits = images.shape().axis(0) == count
            && (1..=samples.len()).contains(&count)
            && found.flags.as_ref().is_none_or(|flags| flags.len() == count)
            && (found.standings.iter())
                .all(|standing| standing.right <= self.config.selection && !standing.margin.is_nan());
        if !fits {
            return Err(refuse(format!("{count} looks at images {}", images.shape())));
        }
        let images = images.beside(samples.images())?;
        let clean = samples.select(&(0..count).collect::<Vec<_>>())?;
        within_ball(self.config.eps, &clean, &images)?;
        Ok(Found {
            images: Some(images),
            ..found
        })
    }
}
