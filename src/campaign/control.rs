//! Null controls: the pipeline of the attacks with nothing, or with noise, in the place of the search.
//!
//! An attack on a random classifier looks at an image once an iteration, and one wrong look is enough to call it fooled. A control
//! looks as often and calls by the same rules; what it breaks is broken by chance.

use crate::Result;
use crate::attacks::{AttackSlot, AutoAttackConfig, Ball, Draw, LabelledImages, Oracle};
use crate::tensor::{Buffer, Counter, Element, Philox, Purpose, Tensor};

/// Its slot among the draws.
pub(super) fn slot() -> Result<AttackSlot> {
    AttackSlot::new(AttackSlot::COUNT - 1)
}

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
    /// The images; the clean one where none was found.
    pub images: Tensor<T>,
    /// Whether each was broken.
    pub broken: Vec<bool>,
}

/// Looks at `samples` for as many iterations and attacks as `config` has. Images that are not `attacked` are left alone. The noise
/// is that of `seed`.
pub(super) fn control<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    attacked: &[bool],
    (config, seed): (&AutoAttackConfig, u64),
    instead: Instead,
    tell: &mut dyn FnMut() -> Result<()>,
) -> Result<Controlled<T>> {
    let ball = Ball::new(config.norm, config.eps)?;
    let slot = slot()?;
    let mut images = samples.images().clone();
    let mut broken = vec![false; samples.len()];
    // A deterministic classifier says of the clean images what it said before.
    let looks = match instead {
        Instead::Nothing if !oracle.is_random() => 0,
        _ => config.iterations.saturating_add(1),
    };
    for attack in 0..config.attacks.len() as u16 {
        let place = Place {
            slot,
            restart: 2 * attack + u16::from(instead == Instead::Noise),
            seed,
        };
        let left: Vec<usize> = (0..samples.len())
            .filter(|&i| attacked[i] && !broken[i])
            .collect();
        if left.is_empty() {
            break;
        }
        let left_samples = samples.select(&left)?;
        let mut wrong = vec![false; left.len()];
        let mut last = left_samples.images().clone();
        for look in 0..looks {
            tell()?;
            let points = match instead {
                Instead::Nothing => left_samples.images().clone(),
                Instead::Noise => ball.start(left_samples.images(), &place.uniforms(look, &left_samples)?)?,
            };
            let draws = place.draws(look, 0, &left_samples);
            let classes = oracle.predictions(&points, &draws)?;
            let rows = (0..left.len()).filter(|&row| classes[row] != left_samples.labels()[row]);
            let rows: Vec<usize> = rows.collect();
            rows.iter().for_each(|&row| wrong[row] = true);
            last.replace_rows(&rows, &points, &rows)?;
        }
        // The verdict is another draw, as after an attack.
        let verdicts = oracle.predictions(&last, &place.draws(0, 1, &left_samples))?;
        let rows = (0..left.len()).filter(|&row| wrong[row] && verdicts[row] != left_samples.labels()[row]);
        let rows: Vec<usize> = rows.collect();
        let owners: Vec<usize> = rows.iter().map(|&row| left[row]).collect();
        owners.iter().for_each(|&i| broken[i] = true);
        images.replace_rows(&owners, &last, &rows)?;
    }
    ball.check(samples, &images)?;
    Ok(Controlled { images, broken })
}

/// Which attack's place a control takes.
struct Place {
    slot: AttackSlot,
    restart: u16,
    seed: u64,
}

impl Place {
    fn draws<T: Element>(&self, look: u16, draw: u16, samples: &LabelledImages<T>) -> Vec<Draw> {
        let ids = samples.ids().iter();
        ids.map(|&id| self.slot.search(id, self.restart, look, draw))
            .collect()
    }

    fn uniforms<T: Element>(&self, look: u16, samples: &LabelledImages<T>) -> Result<Tensor<T>> {
        let philox = Philox::new(self.seed, Purpose::Attack);
        let images = samples.images();
        let mut buffer = Buffer::filled(images.len(), T::zero());
        let image = images.len() / samples.len();
        for (out, &id) in buffer.chunks_exact_mut(image.max(1)).zip(samples.ids()) {
            let at = Counter {
                image: id,
                attack: self.slot.search(id, self.restart, look, 0).attack,
                restart: self.restart,
                iteration: look,
                ..Counter::default()
            };
            philox.fill_uniform(at, 0, out);
        }
        Tensor::from_buffer(*images.shape(), buffer)?.beside(images)
    }
}
