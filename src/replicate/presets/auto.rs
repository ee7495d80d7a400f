//! Which preset suits a machine.

use crate::Result;
use crate::device::Device;
use crate::replicate::{Config, Need, Preview, Sources};

/// The paper's own.
const WANTED: &str = "cifar100";
/// What runs everywhere.
const MODEST: &str = "pocket";

impl Config {
    /// The preset for `device`, and what decided: `cifar100` if the device is an accelerator with memory enough, and
    /// data and weights are there or can be fetched; else `pocket`.
    ///
    /// # Errors
    /// Those of [`Config::preset`] and [`Preview::of`].
    pub fn auto(device: &Device, sources: &Sources) -> Result<(Self, String)> {
        let modest = |why: String| Ok((Self::preset(MODEST)?, format!("{WANTED} {why}")));
        if device.accelerator().is_none() {
            return modest("needs a CUDA device".into());
        }
        let wanted = Self::preset(WANTED)?;
        match verdict(Preview::of(&wanted, device, sources)?.needs()) {
            Ok(why) => Ok((wanted, why)),
            Err(why) => modest(why),
        }
    }
}

/// Why an accelerator can run what needs this; or why not.
fn verdict(needs: &[Need]) -> Result<String, String> {
    if let Some(need) = needs.iter().find(|need| !need.present && !need.fetchable) {
        return Err(format!("lacks {} {}: {}", need.what, need.name, need.place));
    }
    let fetched: Vec<&str> = needs
        .iter()
        .filter(|need| !need.present)
        .map(|need| need.what)
        .collect();
    Ok(match fetched.is_empty() {
        true => "device, memory, weights and data are there".into(),
        false => format!(
            "device and memory are there, {} can be fetched",
            fetched.join(" and ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(what: &'static str, present: bool, fetchable: bool) -> Need {
        Need {
            what,
            name: "name".into(),
            present,
            fetchable,
            place: "place".into(),
        }
    }

    #[test]
    fn everything_must_be_there_or_to_be_had() {
        let there = || ["data", "weights", "memory"].map(|what| need(what, true, false));
        assert_eq!(
            verdict(&there()),
            Ok("device, memory, weights and data are there".into())
        );
        for (i, what) in ["data", "weights", "memory"].into_iter().enumerate() {
            let mut needs = there();
            needs[i] = need(what, false, false);
            assert_eq!(verdict(&needs), Err(format!("lacks {what} name: place")));
        }
        let fetched = [
            need("data", false, true),
            need("weights", false, true),
            need("memory", true, false),
        ];
        let why = "device and memory are there, data and weights can be fetched";
        assert_eq!(verdict(&fetched), Ok(why.into()));
    }
}
