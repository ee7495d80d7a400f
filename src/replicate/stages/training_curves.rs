//! Loss and accuracy of backbone and baseline after every epoch, as the curves of figures.

use crate::replicate::EpochMetrics;
use crate::replicate::figures::Curve;

/// Stages whose epochs are worth a curve; heads have few.
const STAGES: [&str; 2] = ["backbone", "baseline"];

/// A curve that owns its name and values.
type OwnedCurve = (String, Vec<f32>);

/// The curves of a run.
pub(crate) struct TrainingCurves {
    /// Training losses, in nats.
    pub losses: Vec<OwnedCurve>,
    /// Accuracies while training and on the test images, as fractions.
    pub accuracies: Vec<OwnedCurve>,
}

impl TrainingCurves {
    /// The curves through the epochs in `metrics`.
    pub fn of(metrics: &[EpochMetrics]) -> Self {
        let of = |stage: &str, value: &dyn Fn(&EpochMetrics) -> f64| -> Vec<f32> {
            let lines = metrics.iter().filter(|line| line.stage == stage);
            lines.map(|line| value(line) as f32).collect()
        };
        // Training before test everywhere: a figure of accuracies alone then gives the training curves the
        // colours that they have among the losses.
        let mut curves = Self {
            losses: Vec::new(),
            accuracies: Vec::new(),
        };
        for stage in STAGES {
            let name = format!("{stage}, train");
            let losses = of(stage, &|line| line.train_loss);
            curves.losses.push((name.clone(), losses));
            let accuracies = of(stage, &|line| line.train_accuracy);
            curves.accuracies.push((name, accuracies));
        }
        for stage in STAGES {
            let accuracies = of(stage, &|line| line.test_accuracy.unwrap_or(f64::NAN));
            curves.accuracies.push((format!("{stage}, test"), accuracies));
        }
        curves
    }
}

/// The curves as figures take them.
pub(crate) fn borrowed(curves: &[OwnedCurve]) -> Vec<Curve<'_>> {
    curves
        .iter()
        .map(|(name, values)| Curve { name, values })
        .collect()
}
