//! Audits of ensembles whose right numbers can be worked out, and of a small self-ensemble.

mod comparing;
mod independence;
mod ladder;
mod masking;
mod probing;
mod scoring;
mod self_ensemble;

use super::{AuditProgress, MemberLogits, Subject};
use crate::Result;
use crate::attacks::{Draw, LabelledImages, PgdConfig, SeededStarts};
use crate::autograd::Var;
use crate::ensemble::Aggregation;
use crate::tensor::{Counter, Philox, Purpose, Tensor};

/// Members that are linear in the two values x of an image: logits (d, −d), d = w·(x − ½) + b, with w and b
/// of member and draw.
struct Linear {
    members: usize,
    rank: usize,
    random: bool,
    weight: fn(usize, &Draw) -> [f32; 2],
    bias: fn(usize, &Draw) -> f32,
}

impl MemberLogits for Linear {
    fn classes(&self) -> usize {
        2
    }

    fn members(&self) -> usize {
        self.members
    }

    fn member_name(&self, member: usize) -> String {
        format!("line {member}")
    }

    fn rank(&self) -> usize {
        self.rank
    }

    fn is_random(&self) -> bool {
        self.random
    }

    fn member_logits(&self, images: &Var, draws: &[Draw]) -> Result<Var> {
        let n = draws.len();
        let x = images.affine(1.0, -0.5)?.reshape([n, 2])?;
        let mut logits = Vec::new();
        for member in 0..self.members {
            let weights = draws.iter().flat_map(|draw| (self.weight)(member, draw));
            let weights = Tensor::from_slice([n, 2], &weights.collect::<Vec<_>>())?;
            let biases: Vec<f32> = draws.iter().map(|draw| (self.bias)(member, draw)).collect();
            let biases = Var::constant(Tensor::from_slice([n], &biases)?);
            let d = x.mul(&Var::constant(weights))?.sum(1)?.add(&biases)?;
            let d = d.reshape([n, 1])?;
            logits.push(Var::concat(&[&d, &d.affine(-1.0, 0.0)?])?);
        }
        let refs: Vec<&Var> = logits.iter().collect();
        Var::concat(&refs)?.reshape([n, self.members, 2])
    }
}

/// Four members with the same w = (1, 1) and biases that differ a little and have the mean 0. While
/// all agree CrossMax depends on differences of members alone, which do not move with the image: its
/// gradient is 0, though its prediction is that of the mean.
fn agreeing() -> Linear {
    Linear {
        members: 4,
        rank: 3,
        random: false,
        weight: |_, _| [1.0, 1.0],
        bias: |member, _| 0.01 * member as f32 - 0.015,
    }
}

/// How far the images of [`images`] are from ½ in both values: w = (1, 1) loses image i from ε = |sᵢ|.
const OFFSETS: [f32; 6] = [0.02, -0.06, 0.1, -0.14, 0.18, -0.22];

/// One image for each of [`OFFSETS`], ½ + s·`direction`; class 0 if s is positive.
fn images(direction: [f32; 2]) -> Result<LabelledImages> {
    let values = Tensor::from_fn([6, 1, 1, 2], |i| 0.5 + OFFSETS[i / 2] * direction[i % 2]);
    let labels = OFFSETS.iter().map(|&s| usize::from(s < 0.0)).collect();
    LabelledImages::new(values, labels, (20..26).collect())
}

fn subject<'a>(
    ensemble: &'a dyn MemberLogits,
    target: Aggregation,
    samples: &'a LabelledImages,
    starts: &'a SeededStarts,
) -> Subject<'a> {
    Subject {
        ensemble,
        target,
        samples,
        starts,
        sub_batch: 4,
        repeats: 5,
    }
}

/// PGD from the clean image that gets to the edge of the ball in four steps.
fn from_clean(eps: f64) -> PgdConfig {
    PgdConfig {
        random_start: false,
        ..PgdConfig::new(eps, 8)
    }
}

fn quietly(_: &AuditProgress<'_>) -> Result<()> {
    Ok(())
}

/// A number in [−½, ½) that depends on all of a draw.
fn noise(member: usize, draw: &Draw) -> f32 {
    let at = Counter {
        image: draw.image,
        attack: draw.attack,
        restart: draw.restart,
        iteration: draw.iteration,
        draw: draw.draw,
        view: member as u8,
        ..Counter::default()
    };
    let uniform: Vec<f32> = Philox::new(9, Purpose::Test).uniform(at, 1);
    uniform[0] - 0.5
}

/// Three members whose weights and biases are noise around (1, ½).
fn noisy() -> Linear {
    Linear {
        members: 3,
        rank: 2,
        random: true,
        weight: |member, draw| [1.0 + noise(member, draw), 0.5 - noise(member + 3, draw)],
        bias: |member, draw| 0.2 * noise(member + 6, draw),
    }
}
