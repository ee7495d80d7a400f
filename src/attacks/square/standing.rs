//! How an image stands after a query.

use super::{SquareConfig, SquareLoss};
use crate::attacks::oracle::predicted_class;
use crate::tensor::Element;

/// What one query says about an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// The label's logit minus the largest of the others.
    pub margin: f64,
    /// What is made small.
    pub loss: f64,
    /// Whether the prediction is another class than the label.
    pub fooled: bool,
}

impl Standing {
    /// From the `logits` of the image, one a class and at least two, of which `label` is one.
    pub fn new<T: Element>(config: &SquareConfig, logits: &[T], label: usize) -> Self {
        let own = logits.get(label).map_or(f64::NAN, |logit| logit.as_f64());
        let others = logits.iter().enumerate().filter(|&(class, _)| class != label);
        let rival = others.fold(f64::NEG_INFINITY, |most, (_, logit)| most.max(logit.as_f64()));
        let margin = own - rival;
        let loss = match config.loss {
            SquareLoss::Margin => margin,
            SquareLoss::CrossEntropy => {
                let most = own.max(rival);
                let sum: f64 = logits.iter().map(|logit| (logit.as_f64() - most).exp()).sum();
                own - most - sum.ln()
            }
        };
        Self {
            margin,
            loss,
            fooled: predicted_class(logits) != label,
        }
    }

    /// Whether the search for the image ends here.
    pub fn is_end(&self, config: &SquareConfig) -> bool {
        self.fooled || (config.compat && self.margin <= 0.0)
    }
}
