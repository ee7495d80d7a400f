//! Attacks on classifiers, which they know only as [`Classifier`].
//!
//! Adversarial images are searched around clean ones ([`LabelledImages`]) in a [`Ball`] of any [`Norm`]: by APGD
//! ([`perturb`], [`Apgd`]), FAB ([`fab()`], [`Fab`]), Square ([`square()`], [`Square`]) and [`autoattack`], which runs
//! them one after the other; by [`fgsm`] and [`pgd`] for L∞ alone ([`LinfBall`]).
//! An [`Oracle`] asks the classifier, in parallel; which random draw belongs to which evaluation is
//! written down at [`AttackSlot`]. What an attack finds for an image depends on the image, its
//! label and id, the settings and the classifier, and on nothing else: not on the other images, the
//! sub-batch, the threads, or an interruption.

mod accuracy;
mod apgd;
mod autoattack;
mod classifier;
mod draws;
mod fab;
mod fgsm;
mod labelled_images;
mod length;
mod loss;
mod norm;
mod oracle;
mod pgd;
mod progress;
mod random_start;
mod ranking;
mod rows;
mod scores;
mod square;
pub mod statistics;
mod step;
mod tape;
#[cfg(test)]
pub(crate) mod tests;
mod threat;

pub use accuracy::{RedrawnAccuracy, redrawn_accuracy};
pub use apgd::{Apgd, ApgdConfig, Perturbation, Perturbed, perturb};
pub use autoattack::{
    AttackKind, AutoAttackConfig, AutoAttackProgress, AutoAttackReport, AutoAttackState, Break, ImageRecord,
    Looks, OnBlock, OnProgress, Share, Version, autoattack,
};
pub use classifier::{Classifier, Draw, Linearised, Pullback, linearise};
pub use draws::{AttackSlot, Evaluation};
pub use fab::{Fab, FabConfig, FabFindings, fab};
pub use fgsm::{FgsmConfig, fgsm};
pub use labelled_images::LabelledImages;
pub use loss::{Aim, AttackLoss};
pub use norm::Norm;
pub use oracle::{Appraisal, Oracle, predicted_classes};
pub use pgd::{Keep, PgdConfig, pgd, pgd_numbered};
pub use progress::{OnIteration, SearchProgress};
pub(crate) use random_start::uniforms;
pub use random_start::{AttackSource, SeededStarts, StartSource};
pub use scores::{MeanShare, PairedDifference, Scores};
pub use square::{Square, SquareConfig, SquareLoss, SquareSource, square};
#[cfg(feature = "replicate")]
pub(crate) use step::ascend;
pub use tape::Tape;
pub use threat::{Ball, LinfBall, distances, linf_distances};
