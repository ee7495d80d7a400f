//! Flags that every command takes.

use clap::Args;
use crossmax::device::{Device, DeviceChoice};
use crossmax::replicate::Reporter;
use crossmax::{Error, Result};

/// Flags that every command takes.
#[derive(Args, Clone)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Where to compute: auto takes CUDA if it can be used, else the CPU, and says why; a run that goes on stays where it
    /// began
    #[arg(long, global = true, value_name = "auto|cpu|cuda[:N]", default_value = "auto")]
    pub device: DeviceChoice,
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

/// Bytes of a thread's stack: as much as the first thread of a process has, since commands run on the others.
const STACK: usize = 8 << 20;

impl Common {
    /// Starts the threads.
    pub fn apply(&self) -> Result<()> {
        // 0 is one for each core.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.unwrap_or(0).into())
            .stack_size(STACK);
        pool.build_global()
            .map_err(|e| Error::argument("--threads", "N", "a number of threads the system can start", e))
    }

    /// Opens the device, and says which it is where that was not asked for.
    pub fn open_device(&self, reporter: &dyn Reporter) -> Result<Device> {
        open(self.device, reporter)
    }

    /// The same for a run that goes on: without a wish, the device `begun_on` as the run recorded it.
    pub fn open_device_of_run(&self, begun_on: Option<&str>, reporter: &dyn Reporter) -> Result<Device> {
        let recorded = begun_on.and_then(|name| name.split(' ').next()?.parse().ok());
        let choice = match (self.device, recorded) {
            (DeviceChoice::Auto, Some(recorded)) => recorded,
            (wanted, _) => wanted,
        };
        open(choice, reporter)
    }
}

fn open(choice: DeviceChoice, reporter: &dyn Reporter) -> Result<Device> {
    let (device, why) = choice.open()?;
    if let Some(why) = why {
        reporter.line(&why);
    }
    Ok(device)
}
