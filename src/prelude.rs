//! What most programs use: `use crossmax::prelude::*`.

pub use crate::attacks::{Classifier, Draw, LabelledImages, LinfBall, Oracle};
pub use crate::autograd::{Gradients, Var};
pub use crate::data::{Dataset, Source, Split};
pub use crate::ensemble::{Aggregation, EnsembleClassifier, Method, MultiResolution, SelfEnsemble};
pub use crate::models::{BlockKind, Normalisation, PlainClassifier, ResNet, ResNetConfig, Stem};
pub use crate::nn::{Init, Mode, Module, Pass};
pub use crate::ops::{AvgPool2d, BatchNormMode, Conv2d};
pub use crate::optim::{Adam, Optimiser, Sgd};
pub use crate::tensor::{Counter, Element, Philox, Purpose, Shape, Tensor};
