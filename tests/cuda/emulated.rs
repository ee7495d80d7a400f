//! The emulator as an [`Accelerator`].

use crossmax::device::{Accelerator, DeviceAddress, DeviceAllocation, LaunchDims, Signature};
use crossmax::{Error, Result};
use crossmax_emulator::{Device, Kernel, Launch};
use std::sync::Arc;

/// Enough for every test, and little enough for every machine.
const MEMORY_BYTES: u64 = 256 << 20;
/// Far more than any launch needs, even on a slow machine; a launch that takes longer hangs.
const TIME_LIMIT_MS: u32 = 60_000;

/// An emulated device.
pub struct Emulated {
    device: Arc<Device>,
    seed: u64,
    /// The mutation that launches run with; empty: the kernels as they are.
    variant: &'static str,
    compute_capability: (u32, u32),
}

impl Emulated {
    /// A device with the kernels as they are. What it draws comes from `seed`, or from the variable
    /// `CROSSMAX_EMULATOR_SEED` if that is set: to repeat what a message told.
    pub fn open(seed: u64) -> Arc<dyn Accelerator> {
        Self::with_mutation(seed, "")
    }

    /// The same with one mutation. Kernels of other files stay as they are.
    pub fn with_mutation(seed: u64, variant: &'static str) -> Arc<dyn Accelerator> {
        Self::build(seed, variant, (8, 0))
    }

    /// A device that says it is of this compute capability. Its kernels are those of 8.0.
    pub fn of_capability(seed: u64, major: u32, minor: u32) -> Arc<dyn Accelerator> {
        Self::build(seed, "", (major, minor))
    }

    fn build(seed: u64, variant: &'static str, compute_capability: (u32, u32)) -> Arc<dyn Accelerator> {
        let given = std::env::var("CROSSMAX_EMULATOR_SEED").ok();
        let seed = given.and_then(|seed| seed.parse().ok()).unwrap_or(seed);
        let device = Device::new(seed, MEMORY_BYTES).expect("an emulated device");
        Arc::new(Self {
            device: Arc::new(device),
            seed,
            variant,
            compute_capability,
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

    /// Address of an allocation, if it is this device's.
    fn address_of(&self, allocation: &DeviceAllocation, op: &'static str, arg: &'static str) -> Result<u64> {
        let memory = allocation.memory::<Memory>();
        let own = memory.filter(|memory| Arc::ptr_eq(&memory.device, &self.device));
        own.map(|memory| memory.address).ok_or_else(|| {
            let expected = format!("memory of {}", self.name());
            Error::argument(op, arg, expected, "another device's")
        })
    }
}

/// Memory of the emulator, freed on drop.
struct Memory {
    device: Arc<Device>,
    address: u64,
}

impl Drop for Memory {
    fn drop(&mut self) {
        // Fails only if it were freed already.
        let _ = self.device.free(self.address);
    }
}

impl Accelerator for Emulated {
    fn name(&self) -> String {
        format!("emulator (seed {})", self.seed)
    }

    fn compute_capability(&self) -> (u32, u32) {
        self.compute_capability
    }

    fn allocate(&self, bytes: usize) -> Result<DeviceAllocation> {
        let address = self.device.allocate(bytes);
        let address = address
            .ok_or_else(|| self.error(format!("allocating {bytes} bytes"), "the device has no room"))?;
        let device = Arc::clone(&self.device);
        let memory = Box::new(Memory { device, address });
        Ok(DeviceAllocation::new(DeviceAddress(address), bytes, memory))
    }

    fn copy_to_device(&self, from: &[u8], to: &DeviceAllocation) -> Result<()> {
        to.check_len("copy_to_device", "to", from.len())?;
        let address = self.address_of(to, "copy_to_device", "to")?;
        let written = self.device.write(address, from);
        written.map_err(|reason| self.error("copying to the device", reason))
    }

    fn copy_to_host(&self, from: &DeviceAllocation, to: &mut [u8]) -> Result<()> {
        from.check_len("copy_to_host", "from", to.len())?;
        let address = self.address_of(from, "copy_to_host", "from")?;
        let read = self.device.read(to, address);
        read.map_err(|reason| self.error("copying to the host", reason))
    }

    fn copy_on_device(&self, from: &DeviceAllocation, to: &DeviceAllocation) -> Result<()> {
        to.check_len("copy_on_device", "to", from.bytes())?;
        self.address_of(to, "copy_on_device", "to")?;
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

    fn synchronize(&self) -> Result<()> {
        Ok(()) // Every launch runs to its end.
    }
}
