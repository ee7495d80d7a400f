//! The plots of a run, from its numbers.

use crate::Result;
use crate::attacks::statistics::wilson;
use crate::figures::{self, AttackRow, AttackStage, Curve, LayerBar, Predictor, Sheet, Subset};
use crate::replicate::EpochMetrics;
use crate::replicate::summary::Findings;

/// Stages whose epochs are worth a curve; heads have few, and stand in [`layers`].
const TRAININGS: [&str; 2] = ["backbone", "baseline"];

/// A curve that owns its values.
type Series = (&'static str, Subset, Vec<f32>);

/// Loss and accuracy per epoch, side by side.
pub(crate) fn curves(findings: &Findings) -> Result<Sheet> {
    let (losses, accuracies) = (losses(findings), accuracies(findings));
    figures::curves("Training", &borrowed(&losses), &borrowed(&accuracies))
}

/// Loss per epoch, narrow.
pub(crate) fn loss_curve(findings: &Findings) -> Result<Sheet> {
    figures::loss_curve(&borrowed(&losses(findings)))
}

/// Accuracy per epoch, narrow.
pub(crate) fn accuracy_curve(findings: &Findings) -> Result<Sheet> {
    figures::accuracy_curve(&borrowed(&accuracies(findings)))
}

fn losses(findings: &Findings) -> Vec<Series> {
    let loss = |stage| {
        (
            stage,
            Subset::Train,
            values(findings, stage, |line| line.train_loss),
        )
    };
    TRAININGS.map(loss).into()
}

fn accuracies(findings: &Findings) -> Vec<Series> {
    let both = |stage| {
        let train = values(findings, stage, |line| line.train_accuracy);
        let test = values(findings, stage, |line| line.test_accuracy.unwrap_or(f64::NAN));
        [(stage, Subset::Train, train), (stage, Subset::Test, test)]
    };
    TRAININGS.into_iter().flat_map(both).collect()
}

fn values(findings: &Findings, stage: &str, value: impl Fn(&EpochMetrics) -> f64) -> Vec<f32> {
    let lines = findings.metrics.iter().filter(|line| line.stage == stage);
    lines.map(|line| value(line) as f32).collect()
}

fn borrowed(series: &[Series]) -> Vec<Curve<'_>> {
    series
        .iter()
        .map(|(name, subset, values)| Curve {
            name,
            subset: *subset,
            values,
        })
        .collect()
}

/// Clean accuracy of every predictor.
pub(crate) fn layers(findings: &Findings) -> Result<Sheet> {
    let clean = &findings.clean;
    let head = |&(layer, accuracy): &(usize, f64)| {
        let stage = format!("head {layer}");
        (format!("layer {layer}"), accuracy, stage, Predictor::Layer)
    };
    let mut predictors: Vec<_> = clean.layers.iter().map(head).collect();
    predictors.extend(
        [
            ("backbone", clean.backbone, Predictor::Backbone),
            ("ensemble", clean.ensemble, Predictor::Ensemble),
            ("baseline", clean.baseline, Predictor::Baseline),
        ]
        .map(|(name, accuracy, predictor)| (name.to_owned(), accuracy, name.to_owned(), predictor)),
    );
    let bars: Vec<LayerBar<'_>> = predictors
        .iter()
        .map(|(name, accuracy, stage, predictor)| LayerBar {
            name,
            accuracy: *accuracy as f32,
            interval: interval(*accuracy, clean.images),
            training: values(findings, stage, |line| line.train_accuracy)
                .last()
                .copied(),
            predictor: *predictor,
        })
        .collect();
    let chance = 1.0 / findings.classes.len().max(1) as f32;
    figures::layers("Clean accuracy of every predictor", &bars, chance, clean.images)
}

/// Wilson's interval of the share of `images` images.
fn interval(share: f64, images: usize) -> (f32, f32) {
    let (low, high) = wilson((share * images as f64).round() as usize, images);
    (low as f32, high as f32)
}

/// Accuracy that the attacks left.
pub(crate) fn attack(findings: &Findings) -> Result<Sheet> {
    let defences = findings.attack_rows();
    let stages: Vec<Vec<AttackStage<'_>>> = defences
        .iter()
        .map(|(_, stages)| {
            let stage = stages.iter().map(|(name, accuracy, (low, high))| AttackStage {
                name,
                accuracy: *accuracy as f32,
                interval: (*low as f32, *high as f32),
            });
            stage.collect()
        })
        .collect();
    let rows: Vec<AttackRow<'_>> = defences
        .iter()
        .zip(&stages)
        .map(|((name, _), stages)| AttackRow { name, stages })
        .collect();
    let title = format!("Accuracy under attack, L∞ {}", findings.eps_text());
    figures::attack(&title, &rows, findings.ensemble.report.robust.of)
}
