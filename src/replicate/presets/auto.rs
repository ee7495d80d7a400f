//! Which preset suits a machine.

use crate::Result;
use crate::device::Device;
use crate::replicate::{Config, Preview};

/// The paper's own.
const WANTED: &str = "cifar100";
/// What runs everywhere.
const MODEST: &str = "pocket";

impl Config {
    /// The preset for `device`, and what decided: `cifar100` if the device is an accelerator with memory enough, and
    /// data and weights are there; else `pocket`.
    ///
    /// # Errors
    /// Those of [`Config::preset`] and [`Preview::of`].
    pub fn auto(device: &Device) -> Result<(Self, String)> {
        let modest = |why: &str| Ok((Self::preset(MODEST)?, format!("{WANTED} {why}")));
        if device.accelerator().is_none() {
            return modest("needs a CUDA device");
        }
        let wanted = Self::preset(WANTED)?;
        let preview = Preview::of(&wanted, device)?;
        match preview.needs().iter().find(|need| !need.present) {
            Some(need) => modest(&format!("lacks {} {}: {}", need.what, need.name, need.place)),
            None => Ok((wanted, "device, memory, weights and data are there".into())),
        }
    }
}
