//! Flags that every command takes.

use clap::Args;
use crossmax::{Error, Result};
use std::str::FromStr;

/// Flags that every command takes.
#[derive(Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Where to compute. This version computes on the CPU; `auto` says so
    #[arg(long, global = true, value_name = "auto|cpu|cuda[:N]", default_value = "auto")]
    pub device: Device,
    /// Seed of everything random [default: the preset's, or the run's]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Threads [default: one for each core]. No influence on any result
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print one machine-readable JSON object on standard output, and everything else on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The best there is.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number.
    Cuda(u16),
}

impl FromStr for Device {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let number = |n: &str| {
            n.parse()
                .map(Self::Cuda)
                .map_err(|_| "cuda:N needs a device number from 0")
        };
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .map_or(Err("expected auto, cpu, cuda or cuda:N"), number),
        }
    }
}

impl Common {
    /// Opens the device and starts the threads.
    pub fn apply(&self) -> Result<()> {
        if let Device::Cuda(number) = self.device {
            return Err(Error::Device {
                device: format!("cuda:{number}"),
                doing: "opening it".into(),
                reason: "this version computes on the CPU only".into(),
                advice: "leave --device away, or give --device cpu".into(),
            });
        }
        let Some(threads) = self.threads else {
            return Ok(());
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global()
            .map_err(|e| Error::argument("--threads", "N", "a number of threads the system can start", e))
    }
}
