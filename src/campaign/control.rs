//! Null controls: the pipeline of the attacks with nothing, or with noise, in the place of the search.
//!
//! An attack looks at an image with a random draw, or several, at every point it gets to, and some of these looks are wrong by chance.
//! A control looks at as many points, in as many searches, with as many draws, and calls an image fooled, and broken, by the rules
//! of the attack whose place it takes; what it breaks is broken by chance.

use crate::Result;
use crate::attacks::{AttackKind, AttackSlot, AutoAttackConfig, Ball, Draw, LabelledImages, Looks, Oracle};
use crate::tensor::{Buffer, Counter, Element, Philox, Purpose, Tensor};

/// Draws that are asked for at once: several, for the threads' sake, and not all, for the first few of many settle most points.
const TOGETHER: u16 = 5;

/// What is put in the place of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// The clean image, at every look: what an attack with ε = 0 does.
    Nothing,
    /// Another random point at every look, which the attack might have begun at: see [`Ball::start`].
    Noise,
}

/// What a control left.
pub(super) struct Controlled<T: Element> {
    /// The images: that which broke; else the clean one, or with noise the first point that was drawn, whether or not the image
    /// was attacked.
    pub images: Tensor<T>,
    /// Whether each was broken.
    pub broken: Vec<bool>,
}

/// Puts `instead` in the place of every attack of `config`, one after the other, on those of `samples` that are `attacked` and
/// still stand. The noise is that of `seed`.
pub(super) fn control<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    attacked: &[bool],
    (config, seed): (&AutoAttackConfig, u64),
    instead: Instead,
    tell: &mut dyn FnMut() -> Result<()>,
) -> Result<Controlled<T>> {
    let ball = Ball::new(config.norm, config.eps)?;
    let mut places = config.attacks.iter().zip(0..).map(|(&attack, index)| Place {
        attack,
        number: 2 * index + u16::from(instead == Instead::Noise),
        slot: AttackSlot::CONTROL,
        instead,
        ball,
        seed,
    });
    let mut broken = vec![false; samples.len()];
    let first = places.clone().next();
    let mut images = match first {
        Some(place) => place.points(samples, 0, 0)?,
        None => samples.images().clone(),
    };
    // A deterministic classifier says of the clean images what it said before.
    if instead == Instead::Nothing && !oracle.is_random() {
        return Ok(Controlled { images, broken });
    }
    places.try_for_each(|place| {
        let left: Vec<usize> = (0..samples.len())
            .filter(|&i| attacked[i] && !broken[i])
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let left_samples = samples.select(&left)?;
        let found = place.search(oracle, &left_samples, config, tell)?;
        let verdicts = oracle.predictions(&found.points, &place.verdict_draws(&left_samples))?;
        let is_broken = |&row: &usize| {
            let counts = config.compat || found.fooled[row];
            counts && verdicts[row] != left_samples.labels()[row]
        };
        let rows: Vec<usize> = (0..left.len()).filter(is_broken).collect();
        let owners: Vec<usize> = rows.iter().map(|&row| left[row]).collect();
        owners.iter().for_each(|&i| broken[i] = true);
        images.replace_rows(&owners, &found.points, &rows)
    })?;
    ball.check(samples, &images)?;
    Ok(Controlled { images, broken })
}

/// The place of an attack, which a control takes.
#[derive(Clone, Copy)]
struct Place {
    attack: AttackKind,
    /// Tells its draws from those of the other attacks and the other control.
    number: u16,
    slot: AttackSlot,
    instead: Instead,
    ball: Ball,
    seed: u64,
}

/// What a control's searches found.
struct Found<T: Element> {
    /// The point of every image that a look called fooled; the clean image where none did, as attacks hand it back.
    points: Tensor<T>,
    fooled: Vec<bool>,
}

impl Place {
    /// All searches; an image that was fooled is searched no more.
    fn search<T: Element>(
        &self,
        oracle: &Oracle<'_, T>,
        samples: &LabelledImages<T>,
        config: &AutoAttackConfig,
        tell: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Found<T>> {
        let looks = config.looks(self.attack, oracle.classes());
        let mut found = Found {
            points: samples.images().clone(),
            fooled: vec![false; samples.len()],
        };
        // In compat mode the verdict alone counts, and without noise it is one on the clean image in any case.
        if config.compat && self.instead == Instead::Nothing {
            return Ok(found);
        }
        for (search, look) in looks.all() {
            let left: Vec<usize> = (0..samples.len()).filter(|&i| !found.fooled[i]).collect();
            if left.is_empty() {
                break;
            }
            tell()?;
            let left_samples = samples.select(&left)?;
            let points = self.points(&left_samples, search, look)?;
            let wrong = self.wrong(
                oracle,
                &left_samples.with_images(points.clone())?,
                looks,
                (search, look),
            )?;
            let rows: Vec<usize> = (0..left.len()).filter(|&row| wrong[row]).collect();
            let owners: Vec<usize> = rows.iter().map(|&row| left[row]).collect();
            owners.iter().for_each(|&i| found.fooled[i] = true);
            found.points.replace_rows(&owners, &points, &rows)?;
        }
        Ok(found)
    }

    /// Which of `points` more than half of the draws get wrong. Draws that can change nothing any more are left out.
    fn wrong<T: Element>(
        &self,
        oracle: &Oracle<'_, T>,
        points: &LabelledImages<T>,
        looks: Looks,
        at: (u16, u16),
    ) -> Result<Vec<bool>> {
        let all = oracle.distinct_draws(looks.draws);
        let mut wrong = vec![0_u16; points.len()];
        let majority = |wrong: u16| u32::from(wrong) * 2 > u32::from(all);
        let mut first = 0;
        while first < all {
            let open = |&i: &usize| !majority(wrong[i]) && majority(wrong[i].saturating_add(all - first));
            let open: Vec<usize> = (0..points.len()).filter(open).collect();
            if open.is_empty() {
                break;
            }
            let end = all.min(first.saturating_add(TOGETHER));
            let each = usize::from(end - first);
            let rows: Vec<usize> = open.iter().flat_map(|&i| vec![i; each]).collect();
            let asked = points.select(&rows)?;
            let draws = rows.iter().enumerate().map(|(row, &i)| {
                let draw = first + (row % each) as u16;
                self.draw(points.ids()[i], at, draw)
            });
            let classes = oracle.predictions(asked.images(), &draws.collect::<Vec<_>>())?;
            for ((&i, class), label) in rows.iter().zip(classes).zip(asked.labels()) {
                wrong[i] += u16::from(class != *label);
            }
            first = end;
        }
        Ok(wrong.into_iter().map(majority).collect())
    }

    /// What search `search` looks at.
    fn points<T: Element>(&self, samples: &LabelledImages<T>, search: u16, look: u16) -> Result<Tensor<T>> {
        match self.instead {
            Instead::Nothing => Ok(samples.images().clone()),
            Instead::Noise => {
                let uniforms = self.uniforms(samples, search, look)?;
                self.ball.start(samples.images(), &uniforms)
            }
        }
    }

    /// The draw of a look. An attack's number and that of the draw share a place, of which two controls of six attacks need
    /// twelve values.
    fn draw(&self, image: u32, (search, look): (u16, u16), draw: u16) -> Draw {
        let draw = draw
            .wrapping_mul(2 * AttackKind::ALL.len() as u16)
            .wrapping_add(self.number);
        self.slot.search(image, search, look, draw)
    }

    /// The draws of the verdicts: other ones, as after an attack.
    fn verdict_draws<T: Element>(&self, samples: &LabelledImages<T>) -> Vec<Draw> {
        let verdict = |&id: &u32| Draw {
            draw: self.number,
            ..self.slot.recheck(id)
        };
        samples.ids().iter().map(verdict).collect()
    }

    fn uniforms<T: Element>(&self, samples: &LabelledImages<T>, search: u16, look: u16) -> Result<Tensor<T>> {
        let philox = Philox::new(self.seed, Purpose::Attack);
        let images = samples.images();
        let mut buffer = Buffer::filled(images.len(), T::zero());
        let image = images.len() / samples.len();
        for (out, &id) in buffer.chunks_exact_mut(image.max(1)).zip(samples.ids()) {
            let at = Counter {
                image: id,
                attack: self.slot.search(id, search, look, 0).attack,
                restart: search,
                iteration: look,
                draw: self.number,
                ..Counter::default()
            };
            philox.fill_uniform(at, 0, out);
        }
        Tensor::from_buffer(*images.shape(), buffer)?.beside(images)
    }
}
