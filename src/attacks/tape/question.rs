//! What an oracle is asked, as a hash of everything that the answer depends on.

use crate::Result;
use crate::attacks::Draw;
use crate::tensor::{Element, Tensor};
use sha2::{Digest, Sha256};

/// A question that is being put together.
pub(in crate::attacks) struct Question {
    hash: Sha256,
}

impl Question {
    /// Bytes of the hash.
    pub(super) const LENGTH: usize = 32;

    /// A question of the kind `kind` about `images`.
    pub(in crate::attacks) fn about<T: Element>(kind: &str, images: &Tensor<T>) -> Result<Self> {
        let mut question = Self { hash: Sha256::new() };
        question.text(kind);
        question.text(T::NAME);
        question.numbers(images.dims());
        let here = images.to_host()?;
        question
            .hash
            .update(bytemuck::cast_slice::<T, u8>(here.host("Tape")?));
        Ok(question)
    }

    /// With a text: a loss, a norm.
    pub(in crate::attacks) fn text(&mut self, text: &str) {
        self.numbers(&[text.len()]);
        self.hash.update(text.as_bytes());
    }

    /// With numbers: labels, targets.
    pub(in crate::attacks) fn numbers(&mut self, numbers: &[usize]) {
        self.hash.update((numbers.len() as u64).to_le_bytes());
        for &number in numbers {
            self.hash.update((number as u64).to_le_bytes());
        }
    }

    /// With a draw.
    pub(in crate::attacks) fn draw(&mut self, draw: Draw) {
        self.hash.update(draw.image.to_le_bytes());
        self.hash.update([draw.attack]);
        for part in [draw.restart, draw.iteration, draw.draw] {
            self.hash.update(part.to_le_bytes());
        }
    }

    /// The hash.
    pub(super) fn finish(self) -> [u8; Self::LENGTH] {
        self.hash.finalize().into()
    }
}
