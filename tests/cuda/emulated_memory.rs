//! The emulator as a source of memory for the pool.

use crossmax::device::DeviceAddress;
use crossmax::device::pool::MemorySource;
use crossmax::{Error, Result};
use crossmax_emulator::Device;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory of an emulated device. A block is only a claim to so many bytes: what is lent from it is an
/// allocation of the emulator's own, of exactly the length asked for. So the pool reuses blocks as on a GPU, and
/// yet every owner gets guard bytes right behind its end, content that counts as not written, and addresses that
/// fault when they are used after the end.
pub struct EmulatedMemory {
    device: Arc<Device>,
    room: Arc<AtomicUsize>,
}

impl EmulatedMemory {
    /// `bytes` bytes of `device`.
    pub fn new(device: Arc<Device>, bytes: usize) -> Self {
        let room = Arc::new(AtomicUsize::new(bytes));
        Self { device, room }
    }
}

/// A part of the memory, given back on drop.
pub struct Claim {
    bytes: usize,
    room: Arc<AtomicUsize>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.room.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

impl MemorySource for EmulatedMemory {
    type Block = Claim;

    fn reserve(&self, bytes: usize) -> Result<Option<Claim>> {
        let rest = |room: usize| room.checked_sub(bytes);
        let claimed = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        Ok(claimed.is_ok().then(|| Claim {
            bytes,
            room: Arc::clone(&self.room),
        }))
    }

    fn settle(&self) -> Result<()> {
        Ok(()) // Every drop is done at once.
    }

    fn lend(&self, block: &Claim, bytes: usize) -> Result<DeviceAddress> {
        assert!(
            bytes <= block.bytes,
            "the pool lends {bytes} of {} bytes",
            block.bytes
        );
        let address = self.device.allocate(bytes).ok_or_else(|| Error::Device {
            device: "emulator".to_owned(),
            doing: format!("lending {bytes} bytes"),
            reason: "the emulator has no addresses left".to_owned(),
            advice: "make the test smaller".to_owned(),
        })?;
        Ok(DeviceAddress(address))
    }

    fn take_back(&self, _block: &Claim, address: DeviceAddress) {
        let freed = self.device.free(address.0);
        freed.expect("the pool gives back what it lent");
    }
}
