//! What the numbers of this run can tell, and what they cannot.

use super::Report;
use crate::Result;
use crate::models::BlockKind;
use crate::page::{count, list};
use crate::replicate::{Config, Precisions};
use maud::{Markup, html};

/// Draws for each gradient in the strongest published audits of this defence.
const AUDIT_EOT: usize = 100;
/// Steps of the longest published PGD on its surrogate.
const AUDIT_STEPS: usize = 640;

/// Classes of CIFAR-100.
const PAPER_CLASSES: usize = 100;

/// A short name and what is to be said of it.
type Point = (&'static str, String);

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    Ok(html! {
        div.columns {
            div {
                h3 { "Measured" }
                (points(&measured(report)))
            }
            div {
                h3 { "Not measured" }
                (points(&unmeasured(report)))
            }
        }
    })
}

fn points(points: &[Point]) -> Markup {
    html! {
        ul.points {
            @for (name, text) in points {
                li { strong { (name) "." } " " (text) }
            }
        }
    }
}

fn measured(report: &Report<'_>) -> Vec<Point> {
    let (findings, n) = (report.findings(), report.attacked());
    let (config, data) = (&findings.config, report.material.data);
    let (attack, method) = (&config.attack, &config.method);
    let eps = findings.eps_text();
    let attacks = findings.ensemble.report.after.iter();
    let attacks: Vec<String> = attacks.map(|(attack, _)| attack.name().to_uppercase()).collect();
    let (low, high) = findings.ensemble.report.robust.ci95;
    vec![
        ("Network", network(config)),
        (
            "Data",
            format!(
                "Set {} of {}: trained on {}; clean accuracy on {}.",
                findings.dataset,
                count(findings.classes.len(), "class"),
                count(data.train.len(), "image"),
                count(data.test.len(), "other image")
            ),
        ),
        (
            "Attack",
            format!(
                "AutoAttack, version rand ({}), L∞ at most {eps}, {} each, gradients averaged over {} (EoT), {}.",
                list(&attacks),
                count(attack.iterations, "iteration"),
                count(attack.eot, "draw"),
                count(report.material.attacked.config().restarts.into(), "random start")
            ),
        ),
        (
            "How many images",
            format!(
                "The first {}: the 95 % interval of the never-broken number is {:.0} percentage points wide, and \
                 smaller differences say little.",
                count(n, "test image"),
                100.0 * (high - low)
            ),
        ),
        (
            "Surrogate",
            format!(
                "PGD on the mean of the members' logits, without CrossMax ({}, step {:.2}/255, EoT {}). Every image \
                 is attacked, also those wrong at first; the self-ensemble itself is scored.",
                count(attack.iterations, "step"),
                255.0 * findings.surrogate.step_size,
                attack.eot
            ),
        ),
        (
            "Baseline",
            "The same blocks as a plain network of one view and no heads, trained for as many epochs, under the same \
             AutoAttack."
                .to_owned(),
        ),
        (
            "Arithmetic",
            format!(
                "{}, one seed. Views of {} pixels, noise {}, shifts of up to {}.",
                arithmetic(&findings.device, findings.precision),
                list(&method.resolutions),
                method.noise,
                count(method.jitter as usize, "pixel")
            ),
        ),
    ]
}

/// The device and the formats of its products.
fn arithmetic(device: &str, precision: Precisions) -> String {
    match precision == Precisions::default() {
        true => format!("Device {device}, 32-bit floats throughout"),
        false => format!(
            "Device {device}; products in {} in training and {} in the attacks' search, verdicts in 32-bit floats",
            precision.training, precision.search
        ),
    }
}

/// Whether the run is of the model that the paper's numbers are of, in size, start and data.
fn is_papers_model(config: &Config, classes: usize) -> bool {
    let Ok(paper) = Config::preset("cifar100") else {
        return false;
    };
    let network = |config: &Config| config.network(3, classes);
    network(config) == network(&paper)
        && config.backbone.input_size == paper.backbone.input_size
        && config.backbone.weights.is_some()
        && classes == PAPER_CLASSES
}

/// The network and how it was trained.
fn network(config: &Config) -> String {
    let backbone = &config.backbone;
    let kind = match backbone.block {
        BlockKind::Basic => "basic",
        BlockKind::Bottleneck => "bottleneck",
    };
    format!(
        "Preset {}: {} of widths {}, trained from {} for {} on {} views at once, each {} × {} pixels. Heads \
         on layers {}; CrossMax takes the {} highest.",
        config.preset,
        count(backbone.blocks.iter().sum(), &format!("{kind} residual block")),
        list(&backbone.widths),
        backbone.weights.as_deref().unwrap_or("random weights"),
        count(backbone.epochs.into(), "epoch"),
        config.method.resolutions.len(),
        backbone.input_size,
        backbone.input_size,
        list(&config.head_layers()),
        ordinal(config.method.rank(config.head_layers().len() + 1)),
    )
}

/// "1st", "2nd", "3rd", "4th", …
fn ordinal(n: usize) -> String {
    let ending = match (n % 10, n % 100) {
        (1, last) if last != 11 => "st",
        (2, last) if last != 12 => "nd",
        (3, last) if last != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

fn unmeasured(report: &Report<'_>) -> Vec<Point> {
    let (findings, attack) = (report.findings(), &report.findings().config.attack);
    let unattacked = report.material.data.test.len() - report.attacked();
    let mut points = Vec::new();
    if !is_papers_model(&findings.config, findings.classes.len()) {
        points.push((
            "The paper's model",
            "ResNet152 from ImageNet weights, 224 × 224 pixels, CIFAR-100. The numbers here show the method at work; \
             they do not estimate that model's."
                .to_owned(),
        ));
    }
    if unattacked > 0 {
        points.push((
            "The rest of the test images",
            format!("{unattacked} of them were not attacked."),
        ));
    }
    points.push((
        "AutoAttack standard and plus",
        "Targeted APGD, FAB and Square. The version rand leaves them out.".to_owned(),
    ));
    if attack.eot < AUDIT_EOT {
        points.push((
            "More draws a gradient",
            format!("Published audits average over {AUDIT_EOT}; here {}.", attack.eot),
        ));
    }
    if attack.iterations < AUDIT_STEPS {
        points.push((
            "Longer attacks",
            format!(
                "Published PGD on the surrogate runs up to {AUDIT_STEPS} steps, and accuracy kept falling; here {}.",
                attack.iterations
            ),
        ));
    }
    points.extend([
        (
            "Going on from the surrogate",
            "Attacking the self-ensemble itself again from the surrogate's images, with restarts: published audits \
             saw the lowest numbers there."
                .to_owned(),
        ),
        (
            "Transfer",
            "Images made on other networks or on single members.".to_owned(),
        ),
        (
            "A sweep over ε",
            format!(
                "Only {} was run. Accuracy must reach 0 % as ε grows; whether it does would show masked gradients.",
                findings.eps_text()
            ),
        ),
        (
            "Other norms, other seeds",
            "L2 and L1, and how far training and attack vary from seed to seed.".to_owned(),
        ),
    ]);
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Precision;

    #[test]
    fn the_papers_model_is_known() -> Result<()> {
        let paper = Config::preset("cifar100")?;
        assert!(is_papers_model(&paper, 100));
        // Another number of classes, another start, another network.
        assert!(!is_papers_model(&Config::preset("cifar10")?, 10));
        let mut random = paper;
        random.backbone.weights = None;
        assert!(!is_papers_model(&random, 100));
        assert!(!is_papers_model(&Config::preset("cifar100-small")?, 100));
        Ok(())
    }

    #[test]
    fn device_and_formats_are_those_of_the_run() {
        let plain = arithmetic("cpu", Precisions::default());
        assert_eq!(plain, "Device cpu, 32-bit floats throughout");
        let mixed = arithmetic("cuda:0 (H200)", Precisions::both(Precision::Bf16));
        assert!(
            mixed.starts_with("Device cuda:0 (H200); products in bf16 in training"),
            "{mixed}"
        );
    }
}
