//! What a tape bounds: the work that is lost with a process that ends while images are asked about.

use super::{Toy, samples};
use crate::attacks::{AttackLoss, Classifier, Draw, Linearised, Oracle, Tape};
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::path::Path;
use std::time::Duration;

const IMAGES: usize = 12;
const DRAWS: u16 = 3;
/// The image that the process ends at.
const END: u32 = 8;

/// Gives out at [`END`].
struct Ends<'a>(&'a Toy);

impl Classifier for Ends<'_> {
    fn classes(&self) -> usize {
        self.0.classes()
    }

    fn is_random(&self) -> bool {
        self.0.is_random()
    }

    fn logits(&self, images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
        self.0.logits(images, draws)
    }

    fn linearise<'b>(&'b self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'b>> {
        if draws.iter().any(|draw| draw.image >= END) {
            let advice = "test".into();
            return Err(Error::Interrupted { advice });
        }
        self.0.linearise(images, draws)
    }
}

/// Mean losses and gradient, the answers recorded in the file at `path` if there is one.
fn appraised(classifier: &dyn Classifier, path: Option<&Path>) -> Result<(Vec<f32>, Vec<f32>)> {
    let samples = samples(IMAGES)?;
    let tape = path
        .map(|path| Tape::open(path, "toy", Duration::ZERO))
        .transpose()?;
    let mut oracle = Oracle::new(classifier, 1)?;
    if let Some(tape) = &tape {
        oracle = oracle.recorded_on(tape);
    }
    let draw = |image: usize, draw: u16| Draw {
        image: image as u32,
        draw,
        ..Draw::default()
    };
    let found = oracle.appraise(
        samples.images(),
        samples.labels(),
        AttackLoss::CrossEntropy,
        DRAWS,
        &draw,
    )?;
    assert_eq!(found.draws, DRAWS);
    Ok((found.mean_loss, found.gradient.to_vec()?))
}

#[test]
fn what_was_answered_about_other_images_is_not_asked_again() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answers.tape");
    let toy = Toy::new(true)?;
    // The number of threads sets the size of a question.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    threads.expect("threads").install(|| {
        let whole = appraised(&toy, None)?;
        toy.take_asked();
        assert!(appraised(&Ends(&toy), Some(&path)).is_err());
        toy.take_asked();
        assert_eq!(appraised(&toy, Some(&path))?, whole);
        let again: Vec<u32> = toy.take_asked().iter().map(|draw| draw.image).collect();
        assert_eq!(again.iter().min(), Some(&END), "{again:?}");
        assert_eq!(again.len(), (IMAGES - END as usize) * usize::from(DRAWS));
        Ok(())
    })
}
