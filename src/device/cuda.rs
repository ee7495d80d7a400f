//! The [`Accelerator`] over NVIDIA's driver, through cudarc.
//!
//! One context and one stream per accelerator: all work is in order, so nothing but that order is
//! needed to keep memory alive while kernels use it. Kernels are compiled when first launched, for
//! the device's own architecture.

#![allow(
    unsafe_code,
    reason = "the driver is a C library, and its copies and launches take raw addresses"
)]

use super::{Accelerator, DeviceAddress, DeviceAllocation, LaunchDims, Signature, kernels, nvrtc};
use crate::{Error, Result};
use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr, DriverError, result, sys,
};
use cudarc::nvrtc::Ptx;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

/// Opens the CUDA device with number `ordinal`, counted from 0 as the driver counts.
///
/// # Errors
/// [`Error::Device`] if there is no driver, no such device, or the driver refuses it.
pub fn open(ordinal: usize) -> Result<Arc<dyn Accelerator>> {
    Ok(Arc::new(Cuda::open(ordinal)?))
}

/// Whether NVIDIA's driver library can be loaded.
pub fn is_present() -> bool {
    // SAFETY: loads and unloads the library under its own names; NVIDIA's library has no
    // initialisers that depend on the state of the program.
    unsafe { sys::is_culib_present() }
}

/// One CUDA device.
struct Cuda {
    name: String,
    compute_capability: (u32, u32),
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    loaded: Mutex<Loaded>,
}

/// What has been compiled and loaded so far.
#[derive(Default)]
struct Loaded {
    modules: HashMap<&'static str, Arc<CudaModule>>,
    functions: HashMap<&'static str, CudaFunction>,
}

impl Cuda {
    fn open(ordinal: usize) -> Result<Self> {
        let number = format!("cuda:{ordinal}");
        // cudarc panics on the first call into a library that is not there.
        if !is_present() {
            return Err(Error::Device {
                device: number,
                doing: "loading the driver".to_owned(),
                reason: "NVIDIA's driver library (libcuda) was not found".to_owned(),
                advice: "install NVIDIA's driver, or use --device cpu".to_owned(),
            });
        }
        let failed = |doing: &'static str| {
            let number = number.clone();
            move |error: DriverError| device_error(&number, doing, error)
        };
        let context = CudaContext::new(ordinal).map_err(failed("opening the device"))?;
        // SAFETY: events would only order streams against each other, and all memory of this
        // context is allocated, used and freed on one stream.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(failed("creating a stream"))?;
        let (major, minor) = context
            .compute_capability()
            .map_err(failed("reading the compute capability"))?;
        let model = context.name().map_err(failed("reading the name"))?;
        Ok(Self {
            name: format!("{number} ({model})"),
            compute_capability: (major.unsigned_abs(), minor.unsigned_abs()),
            context,
            stream,
            loaded: Mutex::default(),
        })
    }

    /// Turns a failure of the driver while `doing` something into an error.
    fn failed(&self, doing: &'static str) -> impl Fn(DriverError) -> Error {
        move |error| device_error(&self.name, doing, error)
    }

    /// The driver's address of an allocation, if it is this accelerator's.
    fn address_of(
        &self,
        allocation: &DeviceAllocation,
        op: &'static str,
        arg: &'static str,
    ) -> Result<sys::CUdeviceptr> {
        // Only memory made by `allocate` counts: any other address could be the host's.
        allocation
            .memory::<CudaSlice<u8>>()
            .filter(|memory| memory.stream() == &self.stream)
            .map(|memory| memory.device_ptr(&self.stream).0)
            .ok_or_else(|| {
                let expected = format!("memory of {}", self.name);
                Error::argument(op, arg, expected, "another device's")
            })
    }

    /// The kernel, compiled and loaded if this is its first launch.
    fn function(&self, kernel: &Signature) -> Result<CudaFunction> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = loaded.functions.get(kernel.entry()) {
            return Ok(function.clone());
        }
        let module = match loaded.modules.get(kernel.source()) {
            Some(module) => Arc::clone(module),
            None => {
                let unit = kernels::translation_unit(kernel.source())?;
                let (major, minor) = self.compute_capability;
                let target = nvrtc::Target::of_capability(major, minor);
                let compiled = nvrtc::compile(kernel.source(), &unit, &target)?;
                let module = self
                    .context
                    .load_module(Ptx::from_binary(compiled.cubin))
                    .map_err(self.failed("loading compiled kernels"))?;
                loaded.modules.insert(kernel.source(), Arc::clone(&module));
                module
            }
        };
        let function = module
            .load_function(kernel.entry())
            .map_err(self.failed("finding a kernel"))?;
        loaded.functions.insert(kernel.entry(), function.clone());
        Ok(function)
    }

    /// Makes the context current in this thread, as cudarc's thin functions need it.
    fn bind(&self) -> Result<()> {
        self.context
            .bind_to_thread()
            .map_err(self.failed("using the device"))
    }
}

impl Accelerator for Cuda {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn compute_capability(&self) -> (u32, u32) {
        self.compute_capability
    }

    fn allocate(&self, bytes: usize) -> Result<DeviceAllocation> {
        // The driver refuses zero bytes. SAFETY: every bit pattern is a byte; nothing on the host
        // reads the memory but through copies.
        let memory =
            unsafe { self.stream.alloc::<u8>(bytes.max(1)) }.map_err(self.failed("allocating memory"))?;
        let address = DeviceAddress(memory.device_ptr(&self.stream).0);
        Ok(DeviceAllocation::new(address, bytes, Box::new(memory)))
    }

    fn copy_to_device(&self, from: &[u8], to: &DeviceAllocation) -> Result<()> {
        to.check_len("copy_to_device", "to", from.len())?;
        let address = self.address_of(to, "copy_to_device", "to")?;
        self.bind()?;
        // SAFETY: the allocation is this context's, live, and as long as `from`, which stays
        // borrowed until the stream has been waited for.
        unsafe { result::memcpy_htod_async(address, from, self.stream.cu_stream()) }
            .map_err(self.failed("copying to the device"))?;
        self.synchronize()
    }

    fn copy_to_host(&self, from: &DeviceAllocation, to: &mut [u8]) -> Result<()> {
        from.check_len("copy_to_host", "from", to.len())?;
        let address = self.address_of(from, "copy_to_host", "from")?;
        self.bind()?;
        // SAFETY: as in `copy_to_device`, the other way round.
        unsafe { result::memcpy_dtoh_async(to, address, self.stream.cu_stream()) }
            .map_err(self.failed("copying to the host"))?;
        self.synchronize()
    }

    fn copy_on_device(&self, from: &DeviceAllocation, to: &DeviceAllocation) -> Result<()> {
        to.check_len("copy_on_device", "to", from.bytes())?;
        let source = self.address_of(from, "copy_on_device", "from")?;
        let target = self.address_of(to, "copy_on_device", "to")?;
        self.bind()?;
        let stream = self.stream.cu_stream();
        // SAFETY: both allocations are this context's and of this length, and they are freed on
        // this stream, after the copy.
        unsafe { result::memcpy_dtod_async(target, source, from.bytes(), stream) }
            .map_err(self.failed("copying on the device"))
    }

    fn launch(&self, kernel: &Signature, dims: LaunchDims, args: &[u8]) -> Result<()> {
        if args.len() != kernel.args().size {
            let expected = format!("{} bytes for {}", kernel.args().size, kernel.entry());
            let found = format!("{} bytes", args.len());
            return Err(Error::argument("launch", "args", expected, found));
        }
        let function = self.function(kernel)?;
        self.bind()?;
        let mut parameters = [args.as_ptr().cast_mut().cast::<c_void>()];
        // SAFETY: the function stays loaded as long as `self`. Its one parameter is a struct of
        // exactly `args.len()` bytes (the contract it was compiled with), which the driver only
        // reads, before it returns. What the kernel does on the device is the caller's promise.
        unsafe {
            result::launch_kernel(
                function.cu_function(),
                dims.grid.into(),
                dims.block.into(),
                dims.shared_bytes,
                self.stream.cu_stream(),
                &mut parameters,
            )
        }
        .map_err(|error| {
            let doing = format!("launching {} with {dims:?}", kernel.entry());
            device_error(&self.name, doing, error)
        })
    }

    fn synchronize(&self) -> Result<()> {
        self.stream
            .synchronize()
            .map_err(self.failed("waiting for the device"))
    }
}

fn device_error(device: &str, doing: impl Into<String>, error: DriverError) -> Error {
    use sys::CUresult::{CUDA_ERROR_INVALID_DEVICE, CUDA_ERROR_OUT_OF_MEMORY};
    let advice = match error.0 {
        CUDA_ERROR_OUT_OF_MEMORY => "use a smaller batch, or free memory on the device",
        CUDA_ERROR_INVALID_DEVICE => "nvidia-smi lists the devices there are",
        _ => "nvidia-smi shows whether the device works; use --device cpu otherwise",
    };
    Error::Device {
        device: device.to_owned(),
        doing: doing.into(),
        reason: error.to_string(),
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_driver_opening_is_an_error_with_advice() {
        if is_present() {
            println!("skipped: there is a driver");
            return;
        }
        let error = open(0).err().map(|error| error.to_string());
        let message = error.unwrap_or_default();
        assert!(
            message.starts_with("device cuda:0: loading the driver failed"),
            "{message}"
        );
        assert!(message.contains("--device cpu"), "{message}");
    }
}
