//! From flags to AutoAttack's settings.

use super::AttackFlags;
use crossmax::attacks::{AutoAttackConfig, Norm, Version};
use crossmax::{Error, Result};

/// Refuses flags that no model could be attacked with, before anything is read.
///
/// # Errors
/// [`Error::Usage`].
pub fn check(how: &AttackFlags) -> Result<()> {
    let refuse = |told: String| Err(Error::Usage(told));
    if how.version == Some(Version::Custom) && how.attacks.is_none() {
        return refuse("--version custom needs the attacks: --attacks apgd-ce,square for example".into());
    }
    if let Some(attacks) = &how.attacks {
        let twice = attacks
            .iter()
            .enumerate()
            .find(|(i, attack)| attacks[..*i].contains(attack));
        if let Some((_, attack)) = twice {
            return refuse(format!(
                "--attacks names {attack} twice; expected each at most once"
            ));
        }
    }
    match how.eps {
        Some(eps) if eps < 0.0 || (how.norm == Norm::Linf && eps > 1.0) => {
            let range = match how.norm {
                Norm::Linf => "0 to 1",
                _ => "0 and more",
            };
            refuse(format!(
                "--eps {eps} is out of range; expected {range} for {}",
                how.norm
            ))
        }
        _ => Ok(()),
    }
}

/// The settings that `how` asks for, against a classifier that is random or not.
pub fn settings(how: &AttackFlags, is_random: bool) -> AutoAttackConfig {
    let version = how.version.unwrap_or(match (&how.attacks, is_random) {
        (Some(_), _) => Version::Custom,
        (None, true) => Version::Rand,
        (None, false) => Version::Standard,
    });
    let eps = how.eps.unwrap_or(match how.norm {
        Norm::Linf => 8.0 / 255.0,
        Norm::L2 => 0.5,
        Norm::L1 => 12.0,
    });
    let mut config = AutoAttackConfig::version(version, how.norm, eps);
    if let Some(attacks) = &how.attacks {
        config.attacks.clone_from(attacks);
    }
    // There custom has one draw, and a warning that another version should be taken.
    if version == Version::Custom && is_random && how.compat.is_none() {
        config.eot = 20;
    }
    let set = |target: &mut u16, value: Option<u16>| *target = value.unwrap_or(*target);
    set(&mut config.iterations, how.iterations);
    set(&mut config.eot, how.eot);
    set(&mut config.restarts, how.restarts);
    set(&mut config.targets, how.targets);
    set(&mut config.fab_targets, how.targets);
    set(&mut config.queries, how.queries);
    config.compat = how.compat.is_some();
    config.block = how.block.unwrap_or(config.block);
    config
}
