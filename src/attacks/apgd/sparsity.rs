//! How many values of an image APGD for L1 moves at once (Croce & Hein 2021, arXiv 2103.01208, §4.2).

/// What is remembered of one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sparsity {
    /// Share of the values that a step moves.
    share: f64,
    /// Values that were perturbed in the best point at the last checkpoint.
    support: f64,
    /// Values of the image.
    values: f64,
}

/// Step sizes are at least this part of the largest.
const SMALLEST: f64 = 0.1;
/// Steps and shares shrink by this factor.
const SHRINK: f64 = 1.5;

impl Sparsity {
    /// For an image of `values` values, at a random start.
    pub fn cold(values: usize) -> Self {
        let values = values as f64;
        Self {
            share: 0.2,
            support: values,
            values,
        }
    }

    /// The same, at a start from an earlier search that perturbs `support` values.
    pub fn warm(values: usize, support: usize) -> Self {
        let (values, support) = (values as f64, support as f64);
        Self {
            share: support / values / SHRINK,
            support,
            values,
        }
    }

    /// Share of the values that a step moves.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Adapts at a checkpoint, at which the best point perturbs `support` values: whether the search goes back to that
    /// point, and the next step's size, of the largest `largest`.
    pub fn adapt(&mut self, support: usize, step: f64, largest: f64) -> (bool, f64) {
        let support = support as f64;
        let shrinks = support / self.support < 0.95;
        self.share = support / self.values / SHRINK;
        self.support = support;
        let step = if shrinks { largest } else { step / SHRINK };
        (shrinks, step.clamp(largest * SMALLEST, largest))
    }
}

#[cfg(test)]
mod tests {
    use super::Sparsity;

    #[test]
    fn steps_shrink_while_the_support_stays_and_begin_anew_when_it_falls() {
        let mut sparsity = Sparsity::cold(100);
        assert_eq!(sparsity.share(), 0.2);
        let (back, step) = sparsity.adapt(75, 3.0, 3.0);
        assert_eq!((back, step, sparsity.share()), (true, 3.0, 0.5));
        let (back, step) = sparsity.adapt(74, 3.0, 3.0);
        assert_eq!((back, step), (false, 2.0));
        // Not below a tenth.
        let (back, step) = sparsity.adapt(74, 0.3, 3.0);
        assert!(!back && (step - 0.3).abs() < 1e-12);
        // No perturbation at all: nothing to compare with.
        sparsity = Sparsity::warm(100, 0);
        assert!(!sparsity.adapt(0, 3.0, 3.0).0);
    }
}
