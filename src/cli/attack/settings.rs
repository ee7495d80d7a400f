//! From flags to AutoAttack's settings.

use super::How;
use crossmax::attacks::{AutoAttackConfig, Norm, Version};

/// The settings that `how` asks for, against a classifier that is random or not.
pub fn settings(how: &How, is_random: bool) -> AutoAttackConfig {
    let version = how.version.unwrap_or(match is_random {
        true => Version::Rand,
        false => Version::Standard,
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
