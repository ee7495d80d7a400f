//! How long an attack takes, before it is made.

use super::Report;
use crossmax::attacks::{AttackKind, AttackLoss, AutoAttackConfig, Draw, LabelledImages, Oracle};
use crossmax::campaign::Campaign;
use crossmax::{Error, Result};
use std::time::Instant;

/// A forward pass costs about this share of one that goes back to the image as well.
const FORWARD: f64 = 0.4;
/// Seconds that a group's iteration should take at most: what a killed process loses beyond the last write.
const ITERATION: f64 = 10.0;
/// Images that are attacked together at most: of a random classifier, which has many draws an image, and of another.
const MOST: (usize, usize) = (64, 256);

/// The speed of a classifier, and what a campaign asks of it.
pub struct Forecast {
    /// Seconds of a pass forward and back, of one image and draw.
    seconds: f64,
    /// Passes an image, at most: if no attack breaks it.
    passes: f64,
    /// Classes that an image may be taken for.
    others: f64,
}

impl Forecast {
    /// Times the classifier on some of `samples`.
    pub fn of(oracle: &Oracle<'_>, samples: &LabelledImages, campaign: &Campaign) -> Result<Self> {
        let draws = f64::from(oracle.distinct_draws(campaign.config.eot));
        // The first passes set things up.
        time(oracle, samples, 1)?;
        let slow = time(oracle, samples, 1)?;
        // Where one pass takes long, more tell nothing new.
        let seconds = match slow < 0.5 {
            true => time(
                oracle,
                samples,
                Oracle::<f32>::SUB_BATCH * rayon::current_num_threads(),
            )?,
            false => slow,
        };
        let classes = oracle.classes();
        let passes = passes(
            campaign,
            draws,
            (classes, oracle.distinct_draws(campaign.redraws)),
        );
        Ok(Self {
            seconds,
            passes,
            others: classes.saturating_sub(1) as f64,
        })
    }

    /// Images to attack together, so that an iteration of the dearest attack takes some seconds at most: untargeted FAB goes back
    /// once for every other class.
    pub fn group(&self, config: &AutoAttackConfig, is_random: bool) -> usize {
        let (eot, most) = match is_random {
            true => (f64::from(config.eot), MOST.0),
            false => (1.0, MOST.1),
        };
        let passes = match config.attacks.contains(&AttackKind::Fab) {
            true => eot.max(self.others),
            false => eot,
        };
        let images = ITERATION / (self.seconds * passes).max(1e-9);
        (images as usize).clamp(1, most)
    }

    /// A line about `images` images.
    pub fn told(&self, images: usize) -> String {
        let passes = self.passes * images as f64;
        format!(
            "at most {}, less as images break: {} passes at {:.0} a second",
            Report::duration(passes * self.seconds),
            count(passes),
            1.0 / self.seconds.max(1e-9)
        )
    }
}

/// Seconds of a pass when `rows` are made at once.
fn time(oracle: &Oracle<'_>, samples: &LabelledImages, rows: usize) -> Result<f64> {
    let images = rows.min(samples.len());
    let draws = rows.div_ceil(images.max(1));
    let few: Vec<usize> = (0..images).collect();
    let few = samples.select(&few)?;
    // Draws of no attack.
    let draw = |i: usize, draw: u16| Draw {
        image: i as u32,
        draw,
        ..Draw::default()
    };
    let draws =
        u16::try_from(draws).map_err(|_| Error::argument("forecast", "rows", "at most 65535", rows))?;
    let begun = Instant::now();
    let found = oracle.appraise(few.images(), few.labels(), AttackLoss::CrossEntropy, draws, &draw)?;
    Ok(begun.elapsed().as_secs_f64() / (f64::from(found.draws) * images as f64))
}

/// Passes an image at most; forward ones alone count as parts.
fn passes(campaign: &Campaign, eot: f64, (classes, redraws): (usize, u16)) -> f64 {
    let config = &campaign.config;
    let others = classes.saturating_sub(1) as f64;
    let iterations = f64::from(config.iterations) + 1.0;
    let attack = |&attack: &AttackKind| {
        let looks = config.looks(attack, classes);
        let searches = f64::from(looks.searches);
        match attack {
            AttackKind::ApgdCe | AttackKind::ApgdDlr | AttackKind::ApgdT => searches * iterations * eot,
            // A gradient for every other class, and a look.
            AttackKind::Fab => searches * iterations * (others + FORWARD),
            AttackKind::FabT => searches * iterations * (1.0 + FORWARD),
            AttackKind::Square => searches * f64::from(looks.points) * FORWARD,
        }
    };
    let attacks: f64 = config.attacks.iter().map(attack).sum();
    let look = |&attack: &AttackKind| {
        let looks = config.looks(attack, classes);
        let draws = f64::from(looks.draws).min(eot.max(1.0));
        f64::from(looks.searches) * f64::from(looks.points) * draws
    };
    let controls = 2.0 * FORWARD * config.attacks.iter().map(look).sum::<f64>();
    let looks = 3.0 * f64::from(redraws) * FORWARD;
    let bisection = f64::from(campaign.bisections + u16::from(campaign.bisections > 0)) * iterations * eot;
    attacks + controls + looks + bisection
}

/// "2.6 million"
fn count(passes: f64) -> String {
    match passes {
        p if p >= 1e9 => format!("{:.1} billion", p / 1e9),
        p if p >= 1e6 => format!("{:.1} million", p / 1e6),
        p => format!("{p:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untargeted_fab_makes_groups_small() {
        let forecast = Forecast {
            seconds: 0.01,
            passes: 0.0,
            others: 99.0,
        };
        let group = |attacks: &[AttackKind]| {
            let mut config = AutoAttackConfig::rand(0.1);
            config.attacks = attacks.to_vec();
            forecast.group(&config, false)
        };
        assert_eq!(group(&[AttackKind::ApgdCe, AttackKind::FabT]), 256);
        assert_eq!(group(&[AttackKind::ApgdCe, AttackKind::Fab]), 10);
    }
}
