//! What is audited, and the attack and the scores that all audits share.

use super::{AuditProgress, Combined, MemberLogits, OnAuditProgress, Scores, Views, score};
use crate::Result;
use crate::attacks::{LabelledImages, LinfBall, Oracle, PgdConfig, StartSource, pgd};
use crate::ensemble::Aggregation;
use crate::tensor::{Element, Tensor};

/// An ensemble under audit.
#[derive(Clone, Copy)]
pub struct Subject<'a, T: Element = f32> {
    /// The members.
    pub ensemble: &'a dyn MemberLogits<T>,
    /// How the defence combines them: [`Aggregation::CrossMax`] for the paper's.
    pub target: Aggregation,
    /// The clean images; all are attacked.
    pub samples: &'a LabelledImages<T>,
    /// Random starts of the searches.
    pub starts: &'a dyn StartSource<T>,
    /// Rows that are evaluated together; results do not depend on it.
    pub sub_batch: usize,
    /// Fresh draws that score an image, R.
    pub repeats: u16,
}

impl<'a, T: Element> Subject<'a, T> {
    /// The members combined by `aggregation`, with `views`.
    ///
    /// # Errors
    /// Those of [`Combined::new`].
    pub fn combined(&self, aggregation: Aggregation, views: Views) -> Result<Combined<'a, T>> {
        Combined::new(self.ensemble, aggregation, views)
    }

    /// The defence.
    ///
    /// # Errors
    /// Those of [`Combined::new`].
    pub fn defence(&self) -> Result<Combined<'a, T>> {
        self.combined(self.target, Views::Fresh)
    }

    /// The mean of the members' logits with the same views: the surrogate of adaptive attacks.
    ///
    /// # Errors
    /// Those of [`Combined::new`].
    pub fn surrogate(&self) -> Result<Combined<'a, T>> {
        self.combined(Aggregation::Mean, Views::Fresh)
    }

    /// PGD on `classifier` (on its surrogate where no gradient flows), from every clean image: the
    /// images it ends at, all within ε of the clean ones.
    ///
    /// # Errors
    /// Those of [`pgd`] and `on_iteration`.
    pub(super) fn attack(
        &self,
        classifier: &Combined<'_, T>,
        config: &PgdConfig,
        what: &str,
        part: (usize, usize),
        on_progress: &mut OnAuditProgress<'_>,
    ) -> Result<Tensor<T>> {
        let search = classifier.differentiable();
        let oracle = Oracle::new(classifier, self.sub_batch)?.searching(&search)?;
        let mut tell = |search| {
            on_progress(&AuditProgress {
                what,
                done: part.0,
                parts: part.1,
                search,
            })
        };
        tell(None)?;
        let images = pgd(&oracle, self.starts, self.samples, config, &mut |search| {
            tell(Some(*search))
        })?;
        LinfBall::new(config.eps)?.check(self.samples, &images)?;
        Ok(images)
    }

    /// Scores of `images`, made of the clean ones by an attack with `config`, read by `classifier`.
    ///
    /// # Errors
    /// Those of [`score`].
    pub(super) fn scores(
        &self,
        classifier: &Combined<'_, T>,
        images: &Tensor<T>,
        config: &PgdConfig,
    ) -> Result<Scores> {
        let oracle = Oracle::new(classifier, self.sub_batch)?;
        score(&oracle, self.samples, images, config.slot, self.repeats)
    }
}
