//! Flags about the attacks and the model.

use crate::cli::fraction::fraction;
use crate::cli::model::Member;
use crate::cli::network_flags::NetworkFlags;
use clap::{Args, ValueEnum};
use crossmax::attacks::{AttackKind, Norm, Oracle, Version};

/// The attacks.
#[derive(Args)]
#[command(next_help_heading = "The attacks")]
pub struct AttackFlags {
    /// Which attacks: standard, plus, rand, or custom with --attacks [default: rand for a random classifier, else standard]
    #[arg(long, value_name = "NAME", value_parser = str::parse::<Version>)]
    pub version: Option<Version>,
    /// These attacks, in this order, with the settings of --version [default: custom]: apgd-ce, apgd-dlr, apgd-t, fab, fab-t,
    /// square
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', value_parser = str::parse::<AttackKind>)]
    pub attacks: Option<Vec<AttackKind>>,
    /// Norm of the perturbation: Linf, L2 or L1
    #[arg(long, value_name = "NORM", default_value = "Linf", value_parser = str::parse::<Norm>)]
    pub norm: Norm,
    /// Its bound for colours in [0, 1] [default: 8/255 for Linf, 0.5 for L2, 12 for L1]
    #[arg(long, value_name = "8/255|0.03", value_parser = fraction, allow_hyphen_values = true)]
    pub eps: Option<f64>,
    /// Iterations of APGD and FAB [default: 100]
    #[arg(long, value_name = "N")]
    pub iterations: Option<u16>,
    /// Draws that APGD averages gradients over [default: 20 in rand, and in custom against a random classifier unless --compat;
    /// else 1]
    #[arg(long, value_name = "N")]
    pub eot: Option<u16>,
    /// Random starts of APGD-CE and APGD-DLR [default: 5 in plus, custom, and standard in L1; else 1]
    #[arg(long, value_name = "N")]
    pub restarts: Option<u16>,
    /// Target classes of APGD-T and FAB-T [default: the version's]
    #[arg(long, value_name = "N")]
    pub targets: Option<u16>,
    /// Queries of Square [default: 5000]
    #[arg(long, value_name = "N")]
    pub queries: Option<u16>,
    /// Reproduce the faults of the reference implementation, which are otherwise mended
    #[arg(long, value_name = "autoattack")]
    pub compat: Option<Compat>,
    /// Images that are attacked together; no influence on the result [default: as many as take seconds an iteration]
    #[arg(long, value_name = "N", value_parser = block)]
    pub block: Option<usize>,
    /// Seconds of work that a killed attack loses at most, and an iteration
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub save_every: u16,
    /// Rows (images × draws) evaluated at once; no influence on the result
    #[arg(long, value_name = "N", default_value_t = Oracle::<f32>::SUB_BATCH, value_parser = block)]
    pub sub_batch: usize,
}

/// Whose faults are reproduced.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Compat {
    /// fra31/auto-attack at a392200.
    Autoattack,
}

/// Who is attacked.
#[derive(Args)]
#[command(next_help_heading = "The model")]
pub struct ModelFlags {
    /// Who is attacked: for a run the ensemble if not given, a weights file has only its backbone
    #[arg(long, value_name = "backbone|layer:N|ensemble")]
    pub member: Option<Member>,
    #[command(flatten)]
    pub network: NetworkFlags,
}

/// A share above 0 and below 1: "2%", "0.02".
pub fn share(text: &str) -> Result<f64, String> {
    let (digits, unit) = match text.trim().strip_suffix('%') {
        Some(digits) => (digits.trim(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share = digits.parse::<f64>().map_err(|error| error.to_string())? / unit;
    match share > 0.0 && share < 1.0 {
        true => Ok(share),
        false => Err("expected a share above 0 and below 1, such as 2% or 0.02".into()),
    }
}

/// A number of images.
fn block(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("expected at least 1".into()),
        Ok(images) => Ok(images),
        Err(error) => Err(format!("{error}")),
    }
}
