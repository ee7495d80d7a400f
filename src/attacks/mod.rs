//! Attacks on classifiers, which they know only as [`Classifier`].

mod classifier;

pub use classifier::{Classifier, Draw, Linearised, Pullback};
