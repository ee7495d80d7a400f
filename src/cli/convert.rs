//! `crossmax convert`: weights of any known format as `.safetensors` under torchvision's or their family's names.

use super::inspect::{object, summary};
use super::output::Output;
use clap::Args;
use crossmax::models::{ExaminedWeights, examine_weights};
use crossmax::{Error, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Convert weights to .safetensors under torchvision's names, or those of their family.
///
/// Reads PyTorch's .pth (both formats) and .safetensors as plain data; nothing in a file is executed. A network's
/// tensors are checked one by one against its architecture, and nothing is written if one is missing, unexpected, of another
/// shape, or not finite. Numbers keep their values: 16-bit ones are widened to F32, integers to I64.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The file to read
    input: PathBuf,
    /// The .safetensors file to write
    output: PathBuf,
    /// Replace the output if it is there
    #[arg(long)]
    force: bool,
    /// Convert weights of any network, without a check
    #[arg(long)]
    any: bool,
}

const EXAMPLES: &str = "\
Examples:
  crossmax convert resnet152-f82ba261.pth resnet152.safetensors
  crossmax convert model.safetensors resnet50.safetensors    Hugging Face's names become torchvision's
  crossmax convert other.pth other.safetensors --any         a network of no known family";

/// Runs the command.
pub fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let Arguments {
        input, output: out, ..
    } = arguments;
    check_output(out, arguments.force)?;
    let examined = examine_weights(input)?;
    if !arguments.any {
        check_network(input, &examined)?;
    }
    examined.weights.file.save(out)?;
    let mut lines = summary(input, &examined);
    lines.push(format!("written: {}", out.display()));
    let object = json!({ "input": object(input, &examined), "output": out.display().to_string() });
    output.result(&lines.join("\n"), &object)
}

/// Refuses what is not a whole network.
fn check_network(input: &Path, examined: &ExaminedWeights) -> Result<()> {
    let (expected, found) = match &examined.network {
        Ok(network) if network.misfits.is_clean() => return Ok(()),
        Ok(network) => (
            format!("the tensors of a {}", network.architecture.title()),
            network.misfits.to_string(),
        ),
        Err(Error::Format { expected, found, .. }) => (expected.clone(), found.clone()),
        Err(error) => ("the weights of a ResNet".into(), error.to_string()),
    };
    let advice = "check the file, or give --any to convert it as it is";
    Err(Error::format(input, expected, found, advice))
}

/// Refuses an output that is there or has another format's name, before the work is done.
fn check_output(out: &Path, force: bool) -> Result<()> {
    if out.extension().is_none_or(|extension| extension != "safetensors") {
        let told = format!("{}: the output's name must end in .safetensors", out.display());
        return Err(Error::Usage(told));
    }
    if out.exists() && !force {
        let told = format!("{} is there already; --force replaces it", out.display());
        return Err(Error::Usage(told));
    }
    Ok(())
}
