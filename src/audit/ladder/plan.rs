//! Which searches a rung has.

use super::{LadderConfig, RungName};
use crate::attacks::{ApgdConfig, AttackLoss, AutoAttackConfig, Keep, PgdConfig};
use crate::audit::MemberLogits;
use crate::tensor::Element;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose loss a search goes up. What it finds is always read by the defence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The defence itself.
    Defence,
    /// The mean of all members' logits.
    Surrogate,
    /// One member, counted from 0.
    Member(usize),
    /// The mean of these members' losses.
    Joint(Vec<usize>),
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defence => f.write_str("the defence"),
            Self::Surrogate => f.write_str("the members' mean"),
            Self::Member(member) => write!(f, "member {member}"),
            Self::Joint(members) => write!(f, "the mean loss of members {members:?}"),
        }
    }
}

/// The algorithm of a search, with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// AutoAttack; its candidate is what it returns.
    Autoattack(AutoAttackConfig),
    /// APGD; its candidate is the iterate of the highest mean loss over the draws.
    Apgd(ApgdConfig),
    /// PGD; its candidate is the same.
    Pgd(PgdConfig),
}

/// Where a search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At random.
    Random,
    /// At the result of APGD on the surrogate.
    SurrogateResult,
    /// At the worst image that all earlier rungs found.
    WorstSoFar,
}

/// An attack of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attack {
    /// Whose loss it goes up.
    pub whom: Objective,
    /// The algorithm.
    pub method: Method,
    /// Where it begins.
    pub from: Start,
}

impl Attack {
    /// Whether it can be repeated from other random starts on any image.
    pub(super) fn is_repeatable(&self) -> bool {
        self.from == Start::Random && !matches!(self.method, Method::Autoattack(_))
    }
}

/// How a search attacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchKind {
    /// All images with this attack.
    Attack(Attack),
    /// Every image with the attack of lower rungs, from a random start, that was strongest on it: whose candidate was right
    /// on the fewest selection draws, the first among equals. Images whose worst candidate was right on none of them are left as
    /// they are.
    Strongest,
}

/// A search: one candidate for every image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Its name among all searches: rung/name.
    pub name: String,
    /// Its number among all searches, below 1,024, which names its random starts and draws. AutoAttack counts its own.
    pub number: u16,
    /// How it attacks.
    pub how: SearchKind,
}

/// Name of the search whose result warm starts begin at.
pub(super) const SURROGATE_RESULT: &str = "surrogate/apgd-ce";

/// The searches of `rung` against `ensemble`, in their order.
pub(super) fn searches<T: Element>(
    rung: RungName,
    config: &LadderConfig,
    ensemble: &dyn MemberLogits<T>,
) -> Result<Vec<Search>> {
    let members = ensemble.members();
    // The DLR loss is not defined for two classes.
    let losses = match ensemble.classes() {
        0..=2 => vec![("apgd-ce", AttackLoss::CrossEntropy)],
        _ => vec![
            ("apgd-ce", AttackLoss::CrossEntropy),
            ("apgd-dlr", AttackLoss::Dlr),
        ],
    };
    let both = |whom: Objective, eot: u16| {
        let of_loss =
            |&(name, loss): &(&str, AttackLoss)| (name.to_owned(), apgd(config, whom.clone(), loss, eot));
        losses.iter().map(of_loss).collect::<Vec<_>>()
    };
    let attacks = match rung {
        RungName::AutoattackRand => vec![("autoattack".to_owned(), autoattack(config, losses.len()))],
        RungName::AllImages => both(Objective::Defence, config.eot),
        RungName::Surrogate => {
            let mut attacks = both(Objective::Surrogate, config.surrogate_eot);
            attacks.push((
                "pgd".into(),
                pgd(config, Objective::Surrogate, Start::Random, config.surrogate_eot),
            ));
            attacks
        }
        RungName::Members => of_members(config, ensemble),
        RungName::Eot100 => {
            let attack = apgd(
                config,
                Objective::Surrogate,
                AttackLoss::CrossEntropy,
                config.most_eot,
            );
            vec![("apgd-ce".into(), attack)]
        }
        RungName::WarmStart => warm_starts(config),
        RungName::Restarts => {
            return Ok((0..config.restarts)
                .map(|restart| Search {
                    name: format!("{rung}/{restart}"),
                    number: rung.first_number() + restart,
                    how: SearchKind::Strongest,
                })
                .collect());
        }
    };
    if attacks.len() > usize::from(RungName::SEARCHES) {
        let expected = format!("few enough for {} searches", RungName::SEARCHES);
        return Err(Error::argument("ladder", "members", expected, members));
    }
    let numbered = (rung.first_number()..).zip(attacks);
    Ok(numbered
        .map(|(number, (name, attack))| Search {
            name: format!("{rung}/{name}"),
            number,
            how: SearchKind::Attack(attack),
        })
        .collect())
}

fn autoattack(config: &LadderConfig, attacks: usize) -> Attack {
    let mut settings = AutoAttackConfig {
        iterations: config.iterations,
        eot: config.eot,
        // Blocks have no influence; one number for all keeps the settings comparable.
        block: 1,
        ..AutoAttackConfig::rand(config.eps)
    };
    settings.attacks.truncate(attacks);
    Attack {
        whom: Objective::Defence,
        method: Method::Autoattack(settings),
        from: Start::Random,
    }
}

fn apgd(config: &LadderConfig, whom: Objective, loss: AttackLoss, eot: u16) -> Attack {
    Attack {
        whom,
        method: Method::Apgd(ApgdConfig {
            iterations: config.iterations,
            eot,
            ..ApgdConfig::new(config.eps, loss)
        }),
        from: Start::Random,
    }
}

fn pgd(config: &LadderConfig, whom: Objective, from: Start, eot: u16) -> Attack {
    Attack {
        whom,
        method: Method::Pgd(PgdConfig {
            step_size: config.step_size,
            eot,
            keep: Keep::HighestLoss,
            ..PgdConfig::new(config.eps, config.iterations)
        }),
        from,
    }
}

/// Every member, then the early, middle and late third of them (in the order of their layers, the backbone last), and the first
/// three; subsets of one member and repeated ones are left out.
fn of_members<T: Element>(config: &LadderConfig, ensemble: &dyn MemberLogits<T>) -> Vec<(String, Attack)> {
    let members = ensemble.members();
    let eot = config.surrogate_eot;
    let single = |member: usize| {
        let name = ensemble.member_name(member).replace(' ', "-");
        let attack = apgd(config, Objective::Member(member), AttackLoss::CrossEntropy, eot);
        (name, attack)
    };
    let mut attacks: Vec<_> = (0..members).map(single).collect();
    let third = |part: usize| (part * members / 3..(part + 1) * members / 3).collect::<Vec<_>>();
    let subsets = [
        ("early-third", third(0)),
        ("middle-third", third(1)),
        ("late-third", third(2)),
        ("first-three", (0..members.min(3)).collect()),
    ];
    let mut seen: Vec<Vec<usize>> = Vec::new();
    for (name, subset) in subsets {
        if subset.len() < 2 || seen.contains(&subset) {
            continue;
        }
        // No rung has room for more members than fit.
        let loss = AttackLoss::JointCrossEntropy(u16::try_from(subset.len()).unwrap_or(u16::MAX));
        attacks.push((
            name.into(),
            apgd(config, Objective::Joint(subset.clone()), loss, eot),
        ));
        seen.push(subset);
    }
    attacks
}

fn warm_starts(config: &LadderConfig) -> Vec<(String, Attack)> {
    let mut attacks = Vec::new();
    for (name, from) in [
        ("surrogate", Start::SurrogateResult),
        ("worst", Start::WorstSoFar),
    ] {
        let loss = AttackLoss::CrossEntropy;
        let steps = pgd(config, Objective::Defence, from, config.eot);
        let auto = Attack {
            from,
            ..apgd(config, Objective::Defence, loss, config.eot)
        };
        attacks.push((format!("{name}-pgd"), steps));
        attacks.push((format!("{name}-apgd-ce"), auto));
    }
    attacks
}
