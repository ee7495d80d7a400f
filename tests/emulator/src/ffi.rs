//! The C interface of `runtime/device.hpp`.

#![allow(unsafe_code, reason = "the emulator's runtime is a C library")]

use std::ffi::{CStr, c_char, c_void};
use std::ptr::NonNull;

/// A device behind its handle.
#[repr(C)]
struct RawDevice {
    opaque: [u8; 0],
}

/// An entry of the runtime's constant table of kernels.
#[repr(C)]
struct RawKernel {
    opaque: [u8; 0],
}

#[repr(C)]
struct RawLaunch {
    grid: [u32; 3],
    block: [u32; 3],
    shared_bytes: u32,
    time_limit_ms: u32,
    args: *const c_void,
    args_bytes: u64,
}

unsafe extern "C" {
    fn crossmax_emulator_create(seed: u64, memory_bytes: u64) -> *mut RawDevice;
    fn crossmax_emulator_destroy(device: *mut RawDevice);
    fn crossmax_emulator_allocate(device: *mut RawDevice, bytes: u64) -> u64;
    fn crossmax_emulator_free(device: *mut RawDevice, address: u64) -> bool;
    fn crossmax_emulator_write(device: *mut RawDevice, to: u64, from: *const c_void, bytes: u64) -> bool;
    fn crossmax_emulator_read(device: *mut RawDevice, to: *mut c_void, from: u64, bytes: u64) -> bool;
    fn crossmax_emulator_find(
        variant: *const c_char,
        source: *const c_char,
        entry: *const c_char,
    ) -> *const RawKernel;
    fn crossmax_emulator_args_bytes(kernel: *const RawKernel) -> u64;
    fn crossmax_emulator_launch(
        device: *mut RawDevice,
        kernel: *const RawKernel,
        launch: *const RawLaunch,
        message: *mut c_char,
        capacity: u64,
    ) -> bool;
}

/// A kernel of the runtime's table.
#[derive(Clone, Copy)]
pub(crate) struct KernelHandle(NonNull<RawKernel>);

// SAFETY: it points into a constant table.
unsafe impl Send for KernelHandle {}
// SAFETY: as above.
unsafe impl Sync for KernelHandle {}

impl KernelHandle {
    pub fn find(variant: &CStr, source: &CStr, entry: &CStr) -> Option<Self> {
        // SAFETY: the strings end with a zero byte and outlive the call.
        let kernel = unsafe { crossmax_emulator_find(variant.as_ptr(), source.as_ptr(), entry.as_ptr()) };
        NonNull::new(kernel.cast_mut()).map(Self)
    }

    pub fn args_bytes(self) -> u64 {
        // SAFETY: the handle came from the table.
        unsafe { crossmax_emulator_args_bytes(self.0.as_ptr()) }
    }
}

/// An owned device.
pub(crate) struct DeviceHandle(NonNull<RawDevice>);

// SAFETY: the runtime takes a lock in every call.
unsafe impl Send for DeviceHandle {}
// SAFETY: as above.
unsafe impl Sync for DeviceHandle {}

impl DeviceHandle {
    pub fn new(seed: u64, memory_bytes: u64) -> Option<Self> {
        // SAFETY: takes numbers only.
        NonNull::new(unsafe { crossmax_emulator_create(seed, memory_bytes) }).map(Self)
    }

    pub fn allocate(&self, bytes: u64) -> u64 {
        // SAFETY: the device is live, here and below.
        unsafe { crossmax_emulator_allocate(self.0.as_ptr(), bytes) }
    }

    pub fn free(&self, address: u64) -> bool {
        // SAFETY: an address that is no allocation's is refused.
        unsafe { crossmax_emulator_free(self.0.as_ptr(), address) }
    }

    pub fn write(&self, to: u64, from: &[u8]) -> bool {
        // SAFETY: `from` is as long as said; what `to` points to is checked by the runtime.
        unsafe { crossmax_emulator_write(self.0.as_ptr(), to, from.as_ptr().cast(), from.len() as u64) }
    }

    pub fn read(&self, to: &mut [u8], from: u64) -> bool {
        // SAFETY: as in `write`, the other way round.
        unsafe { crossmax_emulator_read(self.0.as_ptr(), to.as_mut_ptr().cast(), from, to.len() as u64) }
    }

    /// What went wrong, if anything did.
    pub fn launch(
        &self,
        kernel: KernelHandle,
        grid: [u32; 3],
        block: [u32; 3],
        shared_bytes: u32,
        time_limit_ms: u32,
        args: &[u8],
    ) -> Result<(), String> {
        let launch = RawLaunch {
            grid,
            block,
            shared_bytes,
            time_limit_ms,
            args: args.as_ptr().cast(),
            args_bytes: args.len() as u64,
        };
        let mut message = [0_u8; 4096];
        // SAFETY: device and kernel are live; `args` and `message` are as long as said, and the runtime
        // copies the first and ends the second with a zero byte. Addresses within `args` that a kernel
        // misuses end the launch with a message, or hit memory that the reservation around the device's
        // allocations keeps others from using; a kernel that computes an address of the host's own
        // memory could still harm it, which is why only this package's tests run kernels so.
        let passed = unsafe {
            crossmax_emulator_launch(
                self.0.as_ptr(),
                kernel.0.as_ptr(),
                &launch,
                message.as_mut_ptr().cast(),
                message.len() as u64,
            )
        };
        if passed {
            return Ok(());
        }
        let text = CStr::from_bytes_until_nul(&message).unwrap_or_default();
        Err(text.to_string_lossy().into_owned())
    }
}

impl Drop for DeviceHandle {
    fn drop(&mut self) {
        // SAFETY: nothing uses the device after this.
        unsafe { crossmax_emulator_destroy(self.0.as_ptr()) }
    }
}
