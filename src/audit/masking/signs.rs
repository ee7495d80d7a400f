//! The single signs of gradient masking.

use super::{Evidence, Thresholds};
use crate::audit::curves::{Curve, CurvePoint, Varied};
use crate::audit::{PairedDifference, Scores};
use crate::ensemble::Aggregation;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignName {
    /// Classes share the largest logit exactly.
    Ties,
    /// The largest logit has no gradient.
    TopWithoutGradient,
    /// The cross-entropy has no gradient.
    LossWithoutGradient,
    /// Gradients of two draws point different ways.
    DrawsDisagree,
    /// Gradients of surrogate and defence point different ways.
    SurrogateDisagrees,
    /// Images made against the surrogate fool the defence more than those made against itself.
    TransferBeatsDirect,
    /// An attack without gradients fools the defence more than one with them.
    BlackBoxBeatsDirect,
    /// More steps do not help, though there is more to take.
    StepsDoNotHelp,
    /// More draws a gradient do not help, though there is more to take.
    EotDoesNotHelp,
    /// Accuracy does not reach 0 at a large ε.
    LargeEpsNotZero,
}

/// What a sign tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bearing {
    /// Of the construction: gradients that are missing or noise.
    Gradients,
    /// Of attacks: some fail where others do not.
    Attacks,
}

/// A sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// Which.
    pub name: SignName,
    /// What it tells of.
    pub bearing: Bearing,
    /// Its number; nothing where there was nothing to measure.
    pub number: Option<f64>,
    /// The threshold that the number is held against.
    pub threshold: f64,
    /// Whether it speaks for masking.
    pub speaks: bool,
    /// The number in words.
    pub reading: String,
}

/// All signs for which there is evidence.
pub(super) fn all(evidence: &Evidence<'_>, thresholds: &Thresholds) -> Result<Vec<Sign>> {
    let comparisons = evidence.comparisons;
    let defended = |aggregation: Aggregation| {
        comparisons.of(aggregation).ok_or_else(|| {
            let expected = format!("the {aggregation} among them");
            Error::argument("masking", "comparisons", expected, "none")
        })
    };
    let direct = &defended(comparisons.target)?.attacked;
    let transfer = &defended(Aggregation::Mean)?.transferred;
    let lowest = if transfer.mean.fraction < direct.mean.fraction {
        transfer
    } else {
        direct
    };
    let errors = thresholds.standard_errors;

    let mut signs = of_gradients(evidence, thresholds);
    signs.push(stronger(
        SignName::TransferBeatsDirect,
        "images made against the members' mean",
        direct.minus(transfer),
        errors,
    ));
    if let Some(black_box) = evidence.black_box {
        let difference = direct.minus(black_box);
        let what = "images made without gradients";
        signs.push(stronger(SignName::BlackBoxBeatsDirect, what, difference, errors));
    }
    let steps = (SignName::StepsDoNotHelp, evidence.steps, Varied::Steps);
    let eot = evidence
        .eot
        .map(|curve| (SignName::EotDoesNotHelp, curve, Varied::Eot));
    for (name, curve, varied) in std::iter::once(steps).chain(eot) {
        signs.push(no_help(name, curve, varied, lowest, errors)?);
    }
    signs.push(large_eps(evidence.eps)?);
    Ok(signs)
}

fn of_gradients(evidence: &Evidence<'_>, thresholds: &Thresholds) -> Vec<Sign> {
    let probes = evidence.probes;
    let share = |name, number: f64, threshold: f64, what: &str| Sign {
        name,
        bearing: Bearing::Gradients,
        number: Some(number),
        threshold,
        speaks: number > threshold,
        reading: format!("{what} in {:.1} % of looks", 100.0 * number),
    };
    let cosine = |name, number: Option<f64>, threshold: f64, what: &str| Sign {
        name,
        bearing: Bearing::Gradients,
        number,
        threshold,
        speaks: number.is_some_and(|number| number < threshold),
        reading: match number {
            Some(number) => format!("the gradients of {what} have a mean cosine of {number:.2}"),
            None => format!("there are no two gradients of {what} to compare"),
        },
    };
    vec![
        share(
            SignName::Ties,
            probes.ties.fraction,
            thresholds.ties,
            "the top classes tie exactly",
        ),
        share(
            SignName::TopWithoutGradient,
            probes.top_without_gradient.fraction,
            thresholds.top_without_gradient,
            "the largest logit is exactly 0 without a gradient",
        ),
        share(
            SignName::LossWithoutGradient,
            probes.loss_without_gradient.fraction,
            thresholds.loss_without_gradient,
            "the loss has no gradient",
        ),
        cosine(
            SignName::DrawsDisagree,
            probes.between_draws.mean,
            thresholds.between_draws,
            "two draws",
        ),
        cosine(
            SignName::SurrogateDisagrees,
            probes.surrogate_to_defence.mean,
            thresholds.surrogate_to_defence,
            "surrogate and defence",
        ),
    ]
}

/// Whether `what` leaves less accuracy than the direct attack; `difference` is direct less other.
fn stronger(name: SignName, what: &str, difference: PairedDifference, errors: f64) -> Sign {
    let threshold = errors * difference.standard_error;
    Sign {
        name,
        bearing: Bearing::Attacks,
        number: Some(difference.mean),
        threshold,
        speaks: difference.mean > threshold,
        reading: format!(
            "{what} leave {}",
            compared(-difference.mean, "the attack on the defence itself")
        ),
    }
}

/// Whether the last point of `curve` takes no more than the first, or leaves even more, while
/// `lowest` shows that there is more to take. Its number is what the first leaves less what the
/// last leaves.
///
/// More of an attack that has converged does not help either: that alone is no sign.
fn no_help(name: SignName, curve: &Curve, varied: Varied, lowest: &Scores, errors: f64) -> Result<Sign> {
    let (first, last) = ends(curve, varied)?;
    let gain = first.minus(last);
    let left = last.minus(lowest);
    let threshold = errors * gain.standard_error;
    let hurts = gain.mean < -threshold;
    let misses = gain.mean <= threshold && left.mean > errors * left.standard_error;
    let effort = match varied {
        Varied::Eot => "more draws a gradient",
        _ => "more steps",
    };
    Ok(Sign {
        name,
        bearing: Bearing::Attacks,
        number: Some(gain.mean),
        threshold,
        speaks: hurts || misses,
        reading: format!(
            "{effort} on the {} leave {}, and {}",
            curve.attacked,
            compared(-gain.mean, "fewer"),
            compared(left.mean, "the best attack seen")
        ),
    })
}

fn large_eps(curve: &Curve) -> Result<Sign> {
    let (_, last) = ends(curve, Varied::Eps)?;
    let weak = curve.too_weak();
    let number = last.mean.fraction;
    Ok(Sign {
        name: SignName::LargeEpsNotZero,
        bearing: Bearing::Attacks,
        number: Some(number),
        threshold: 0.5 / last.mean.of.max(1) as f64,
        speaks: weak.is_some(),
        reading: weak.unwrap_or_else(|| format!("at the largest eps {:.1} % are left", 100.0 * number)),
    })
}

/// The defence at the first and the last point, in the order of what is varied.
fn ends(curve: &Curve, varied: Varied) -> Result<(&Scores, &Scores)> {
    let at = |point: &CurvePoint| match varied {
        Varied::Steps => f64::from(point.config.steps),
        Varied::Eot => f64::from(point.config.eot),
        Varied::Eps => point.config.eps,
    };
    let by_value = |a: &&CurvePoint, b: &&CurvePoint| at(a).total_cmp(&at(b));
    let first = curve.points.iter().min_by(by_value);
    let last = curve.points.iter().max_by(by_value);
    match (first, last) {
        (Some(first), Some(last)) if curve.varied == varied => Ok((&first.defence, &last.defence)),
        _ => Err(Error::argument(
            "masking",
            "curve",
            format!("points of varied {varied:?}"),
            format!("{} of varied {:?}", curve.points.len(), curve.varied),
        )),
    }
}

/// A difference of accuracies in words.
fn compared(difference: f64, than: &str) -> String {
    let points = 100.0 * difference.abs();
    if difference > 0.0 {
        format!("{points:.1} points more accuracy than {than}")
    } else if difference < 0.0 {
        format!("{points:.1} points less accuracy than {than}")
    } else {
        format!("as much accuracy as {than}")
    }
}
