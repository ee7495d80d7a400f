//! Where the linearised classifier changes its mind.

use super::projection::dot;
use crate::Result;
use crate::attacks::length::length;
use crate::attacks::rows::row_len;
use crate::attacks::tape::Question;
use crate::attacks::{Draw, Norm, Oracle};
use crate::tensor::{Element, Tensor};

/// The boundary between the label and another class, of the classifier linearised at an image: the hyperplane
/// ⟨normal, x⟩ = offset.
pub(super) struct Boundary {
    /// Gradient of the other class's logit minus the label's, (row, column, channel).
    pub normal: Vec<f64>,
    pub offset: f64,
}

/// A boundary, and how far it is.
struct Candidate {
    boundary: Boundary,
    distance: f64,
}

/// Whom the label is compared with: all other classes, or for every image one.
pub(super) enum Rivals<'a> {
    All,
    Given(&'a [usize]),
}

/// The boundary of every image in `images` [N, H, W, C]: that with its given rival, or the nearest in `norm` of
/// those with all other classes, which takes one pullback for each of them.
///
/// # Errors
/// Those of [`Oracle::linearised`].
pub(super) fn boundaries<T: Element>(
    oracle: &Oracle<'_, T>,
    norm: Norm,
    images: &Tensor<T>,
    labels: &[usize],
    rivals: &Rivals<'_>,
    draws: &[Draw],
) -> Result<Vec<Boundary>> {
    let Some(tape) = oracle.tape() else {
        return ask(oracle, norm, images, labels, rivals, draws);
    };
    let mut question = Question::about("boundaries", images)?;
    question.text(&norm.to_string());
    question.numbers(labels);
    if let Rivals::Given(rivals) = rivals {
        question.numbers(rivals);
    }
    draws.iter().for_each(|&draw| question.draw(draw));
    tape.answer(
        question,
        |bytes| Ok(decode(bytes, labels.len(), row_len(images))),
        |boundaries| Ok(encode(boundaries)),
        || ask(oracle, norm, images, labels, rivals, draws),
    )
}

/// As a tape keeps them: every normal followed by its offset.
fn encode(boundaries: &[Boundary]) -> Vec<u8> {
    let numbers = boundaries
        .iter()
        .flat_map(|boundary| boundary.normal.iter().chain([&boundary.offset]));
    numbers.flat_map(|number| number.to_le_bytes()).collect()
}

/// `count` boundaries of images of `image` numbers; nothing if `bytes` are not so many.
fn decode(bytes: &[u8], count: usize, image: usize) -> Option<Vec<Boundary>> {
    if bytes.len() != count * (image + 1) * size_of::<f64>() {
        return None;
    }
    let numbers: Vec<f64> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|&number| f64::from_le_bytes(number))
        .collect();
    let boundary = |numbers: &[f64]| {
        let (&offset, normal) = numbers.split_last()?;
        let normal = normal.to_vec();
        Some(Boundary { normal, offset })
    };
    numbers.chunks_exact(image + 1).map(boundary).collect()
}

fn ask<T: Element>(
    oracle: &Oracle<'_, T>,
    norm: Norm,
    images: &Tensor<T>,
    labels: &[usize],
    rivals: &Rivals<'_>,
    draws: &[Draw],
) -> Result<Vec<Boundary>> {
    const OP: &str = "fab";
    let classes = oracle.classes();
    let turns = match rivals {
        Rivals::All => classes - 1,
        Rivals::Given(_) => 1,
    };
    let parts = oracle.linearised(images, draws, |rows, logits, pull_back| {
        let points = images.rows(rows.start, rows.len())?.to_host()?;
        let (points, scores) = (points.host(OP)?, logits.host(OP)?);
        let labels = &labels[rows.clone()];
        let mut nearest: Vec<Option<Candidate>> = labels.iter().map(|_| None).collect();
        for turn in 0..turns {
            // In turn the classes without the label.
            let rival = |row: usize| match rivals {
                Rivals::All => turn + usize::from(turn >= labels[row]),
                Rivals::Given(rivals) => rivals[rows.start + row],
            };
            let cotangent = Tensor::from_fn(*logits.shape(), |i| {
                let (row, class) = (i / classes, i % classes);
                let indicator = |holds: bool| if holds { T::one() } else { T::zero() };
                indicator(class == rival(row)) - indicator(class == labels[row])
            });
            let gradients = pull_back(&cotangent.beside(images)?)?.to_host()?;
            let image = row_len(&gradients);
            for (row, gradient) in gradients.host(OP)?.chunks_exact(image).enumerate() {
                let score = |class: usize| scores[row * classes + class].as_f64();
                let gap = score(rival(row)) - score(labels[row]);
                let candidate = Candidate::new(norm, gap, gradient, &points[row * image..][..image]);
                if nearest[row]
                    .as_ref()
                    .is_none_or(|best| candidate.distance < best.distance)
                {
                    nearest[row] = Some(candidate);
                }
            }
        }
        let found = nearest.into_iter().flatten().map(|candidate| candidate.boundary);
        Ok(found.collect::<Vec<_>>())
    })?;
    Ok(parts.into_iter().flatten().collect())
}

impl Candidate {
    /// From the `gap` by which the other logit is larger than the label's at `point`, and its gradient there.
    fn new<T: Element>(norm: Norm, gap: f64, gradient: &[T], point: &[T]) -> Self {
        let wide = |values: &[T]| values.iter().map(|value| value.as_f64()).collect::<Vec<f64>>();
        let normal = wide(gradient);
        let dual = match norm {
            Norm::Linf => Norm::L1,
            Norm::L2 => Norm::L2,
            Norm::L1 => Norm::Linf,
        };
        // The constant is the reference's.
        let distance = gap.abs() / (1e-12 + length(dual, normal.iter().copied()));
        let offset = dot(&normal, &wide(point)) - gap;
        Self {
            boundary: Boundary { normal, offset },
            distance,
        }
    }
}
