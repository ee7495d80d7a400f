//! The emulator as an [`Accelerator`].

use super::emulated_maps;
use super::emulated_memory::EmulatedMemory;
use crossmax::device::{
    Accelerator, Agreement, DeviceAllocation, DeviceMemory, Event, LaunchDims, Pool, Signature, TensorBoxes,
    TensorMap,
};
use crossmax::{Error, Result};
use crossmax_emulator::mutations::TURING;
use crossmax_emulator::{Device, Kernel, Launch};
use std::sync::Arc;
use std::time::Instant;

/// Enough for every test, and little enough for every machine.
pub const MEMORY_BYTES: usize = 256 << 20;
/// Far more than any launch needs, even on a slow machine; a launch that takes longer hangs.
const TIME_LIMIT_MS: u32 = 60_000;

/// An emulated device.
pub struct Emulated {
    device: Arc<Device>,
    seed: u64,
    /// The mutation or variant that launches run with; empty: the kernels as they are.
    variant: &'static str,
    compute_capability: (u32, u32),
    warpgroups: Option<Agreement>,
    pool: Arc<Pool<EmulatedMemory>>,
}

/// A moment, and whose it is.
struct Moment {
    device: Arc<Device>,
    at: Instant,
}

impl Emulated {
    /// A device with the kernels as they are. What it draws comes from `seed`, or from the variable
    /// `CROSSMAX_EMULATOR_SEED` if that is set: to repeat what a message told.
    pub fn open(seed: u64) -> Arc<dyn Accelerator> {
        Self::with_mutation(seed, "")
    }

    /// The same with one mutation. Kernels of other files stay as they are.
    pub fn with_mutation(seed: u64, variant: &'static str) -> Arc<dyn Accelerator> {
        Self::shared(seed, variant, (8, 0))
    }

    /// A device that says it is of this compute capability. Its kernels are those of 8.0; before that, those without
    /// asynchronous copies.
    pub fn of_capability(seed: u64, major: u32, minor: u32) -> Arc<dyn Accelerator> {
        let variant = if major < 8 { TURING } else { "" };
        Self::shared(seed, variant, (major, minor))
    }

    /// A device of compute capability 9.0 with one mutation, or none if that is empty.
    pub fn hopper(seed: u64, variant: &'static str) -> Arc<dyn Accelerator> {
        Self::shared(seed, variant, (9, 0))
    }

    fn shared(seed: u64, variant: &'static str, compute_capability: (u32, u32)) -> Arc<dyn Accelerator> {
        let given = std::env::var("CROSSMAX_EMULATOR_SEED").ok();
        let seed = given.and_then(|seed| seed.parse().ok()).unwrap_or(seed);
        let device = Device::new(seed, MEMORY_BYTES as u64).expect("an emulated device");
        let device = Arc::new(device);
        let memory = EmulatedMemory::new(Arc::clone(&device), MEMORY_BYTES);
        Arc::new(Self {
            device,
            seed,
            variant,
            compute_capability,
            warpgroups: (compute_capability == (9, 0)).then(Agreement::default),
            pool: Pool::new(name_of(seed), Some(MEMORY_BYTES), memory),
        })
    }

    fn error(&self, doing: impl Into<String>, reason: impl Into<String>) -> Error {
        Error::Device {
            device: self.name(),
            doing: doing.into(),
            reason: reason.into(),
            advice: "correct the kernel or its launch".to_owned(),
        }
    }

    fn moment(&self, event: &Event, arg: &'static str) -> Result<Instant> {
        let moment = event.get::<Moment>();
        let own = moment.filter(|moment| Arc::ptr_eq(&moment.device, &self.device));
        own.map(|moment| moment.at).ok_or_else(|| {
            let expected = format!("an event of {}", self.name());
            Error::argument("elapsed_ms", arg, expected, "another device's")
        })
    }
}

fn name_of(seed: u64) -> String {
    format!("emulator (seed {seed})")
}

impl Accelerator for Emulated {
    fn name(&self) -> String {
        name_of(self.seed)
    }

    fn compute_capability(&self) -> (u32, u32) {
        self.compute_capability
    }

    /// As in the CUDA programming guide's table of compute capabilities.
    fn most_shared_bytes(&self) -> u32 {
        let kibibytes = match self.compute_capability {
            (9 | 10, _) => 227,
            (8, 0 | 7) => 163,
            (8, _) | (12, _) => 99,
            (7, 5) => 64,
            _ => 48,
        };
        kibibytes << 10
    }

    /// Few, so that blocks of kernels that walk over their tiles have several.
    fn multiprocessors(&self) -> u32 {
        3
    }

    fn warpgroups(&self) -> Option<&Agreement> {
        self.warpgroups.as_ref()
    }

    fn tensor_map(&self, boxes: &TensorBoxes) -> Result<TensorMap> {
        emulated_maps::map_of(boxes)
    }

    fn memory(&self) -> DeviceMemory {
        self.pool.memory()
    }

    fn reset_peak_memory(&self) {
        self.pool.reset_peak();
    }

    fn allocate(&self, bytes: usize) -> Result<DeviceAllocation> {
        self.pool.allocate(bytes)
    }

    fn copy_to_device(&self, from: &[u8], to: &DeviceAllocation) -> Result<()> {
        to.check_len("copy_to_device", "to", from.len())?;
        let address = self.pool.address_of(to, "copy_to_device", "to")?.0;
        let written = self.device.write(address, from);
        written.map_err(|reason| self.error("copying to the device", reason))
    }

    fn copy_to_host(&self, from: &DeviceAllocation, to: &mut [u8]) -> Result<()> {
        from.check_len("copy_to_host", "from", to.len())?;
        let address = self.pool.address_of(from, "copy_to_host", "from")?.0;
        let read = self.device.read(to, address);
        read.map_err(|reason| self.error("copying to the host", reason))
    }

    fn copy_on_device(&self, from: &DeviceAllocation, to: &DeviceAllocation) -> Result<()> {
        to.check_len("copy_on_device", "to", from.bytes())?;
        self.pool.address_of(to, "copy_on_device", "to")?;
        let mut bytes = vec![0; from.bytes()];
        self.copy_to_host(from, &mut bytes)?;
        self.copy_to_device(&bytes, to)
    }

    fn launch(&self, kernel: &Signature, dims: LaunchDims, args: &[u8]) -> Result<()> {
        if args.len() != kernel.args().size {
            let expected = format!("{} bytes for {}", kernel.args().size, kernel.entry());
            let found = format!("{} bytes", args.len());
            return Err(Error::argument("launch", "args", expected, found));
        }
        dims.check_shared_bytes(kernel, &self.name(), self.most_shared_bytes())?;
        let doing = || format!("running {} with {dims:?}", kernel.entry());
        let find = |variant| Kernel::find(variant, kernel.source(), kernel.entry());
        let found = find(self.variant).or_else(|| find(""));
        let found = found.ok_or_else(|| self.error(doing(), "the emulator was built without it"))?;
        let launch = Launch {
            grid: dims.grid,
            block: dims.block,
            shared_bytes: dims.shared_bytes,
            time_limit_ms: TIME_LIMIT_MS,
        };
        let run = self.device.launch(found, launch, args);
        run.map_err(|reason| self.error(doing(), reason))
    }

    fn record(&self) -> Result<Event> {
        Ok(Event::new(Moment {
            device: Arc::clone(&self.device),
            at: Instant::now(),
        }))
    }

    fn elapsed_ms(&self, start: &Event, end: &Event) -> Result<f64> {
        let (start, end) = (self.moment(start, "start")?, self.moment(end, "end")?);
        Ok(end.saturating_duration_since(start).as_secs_f64() * 1e3)
    }

    fn synchronize(&self) -> Result<()> {
        Ok(()) // Every launch runs to its end.
    }
}
