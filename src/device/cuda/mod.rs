//! The [`Accelerator`] over NVIDIA's driver, through cudarc.
//!
//! One context and one stream per accelerator: all work is in order, so nothing but that order is
//! needed to keep memory alive while kernels use it. Kernels are compiled when first launched, for
//! the device's own architecture, and kept on disk (see [`KernelCache`](super::KernelCache)).

#![allow(
    unsafe_code,
    reason = "the driver is a C library, and its copies and launches take raw addresses"
)]

mod driver;
mod memory;
mod modules;
mod staging;
mod tensor_map;

pub use driver::{DeviceInfo, devices, driver_version, is_present};

use super::nvrtc::Target;
use super::tensor_map::{TensorBoxes, TensorMap};
use super::{Accelerator, Agreement, DeviceAllocation, DeviceMemory, Event, LaunchDims, Pool, Signature};
use crate::{Error, Result};
use cudarc::driver::{CudaContext, CudaEvent, CudaStream, DriverError, result, sys};
use memory::DriverMemory;
use modules::Modules;
use staging::Staging;
use std::ffi::{OsStr, c_void};
use std::sync::Arc;

/// Opens the CUDA device with number `ordinal`, counted from 0 as the driver counts.
///
/// # Errors
/// [`Error::Device`] if there is no driver or it is too old, if there is no such device, or if the
/// driver refuses it.
pub fn open(ordinal: usize) -> Result<Arc<dyn Accelerator>> {
    Ok(Arc::new(Cuda::open(ordinal)?))
}

/// The variable that chooses the pool: `exact` for memory checkers.
const POOL: &str = "CROSSMAX_POOL";

/// Whether the value of [`POOL`] asks for [`Pool::exact`].
fn wants_exact_pool(value: Option<&OsStr>) -> Result<bool> {
    match value {
        None => Ok(false),
        Some(value) if value.is_empty() => Ok(false),
        Some(value) if value == "exact" => Ok(true),
        Some(other) => {
            let found = other.to_string_lossy().into_owned();
            Err(Error::argument(
                "opening a device",
                POOL,
                "`exact`, or unset",
                found,
            ))
        }
    }
}

/// One CUDA device.
struct Cuda {
    name: String,
    compute_capability: (u32, u32),
    most_shared_bytes: u32,
    multiprocessors: u32,
    /// On devices that have the instructions of sm_90a.
    warpgroups: Option<Agreement>,
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    modules: Modules,
    pool: Arc<Pool<DriverMemory>>,
    staging: Staging,
}

impl Cuda {
    fn open(ordinal: usize) -> Result<Self> {
        use sys::CUdevice_attribute_enum::{
            CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN as SHARED,
            CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT as MULTIPROCESSORS,
        };
        let number = format!("cuda:{ordinal}");
        driver::require_driver(&number)?;
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
        let compute_capability = (major.unsigned_abs(), minor.unsigned_abs());
        let shared = context
            .attribute(SHARED)
            .map_err(failed("reading the limit of shared memory"))?;
        let multiprocessors = context
            .attribute(MULTIPROCESSORS)
            .map_err(failed("counting the multiprocessors"))?;
        let total = context
            .total_mem()
            .map_err(failed("reading the size of the memory"))?;
        let model = context.name().map_err(failed("reading the name"))?;
        let name = format!("{number} ({model})");
        let source = DriverMemory {
            device: name.clone(),
            stream: Arc::clone(&stream),
        };
        let target = Target::of_capability(compute_capability.0, compute_capability.1);
        let pool = match wants_exact_pool(std::env::var_os(POOL).as_deref())? {
            true => Pool::exact(name.clone(), Some(total), source),
            false => Pool::new(name.clone(), Some(total), source),
        };
        Ok(Self {
            compute_capability,
            most_shared_bytes: shared.unsigned_abs(),
            multiprocessors: multiprocessors.unsigned_abs(),
            warpgroups: (compute_capability == (9, 0)).then(Agreement::default),
            modules: Modules::new(name.clone(), target, Arc::clone(&context), Arc::clone(&pool)),
            pool,
            staging: Staging::new(&stream).map_err(failed("allocating memory for copies"))?,
            name,
            context,
            stream,
        })
    }

    /// Turns a failure of the driver while `doing` something into an error.
    fn failed(&self, doing: &'static str) -> impl Fn(DriverError) -> Error {
        move |error| device_error(&self.name, doing, error)
    }

    /// The event, if it is this accelerator's.
    fn event<'a>(&self, event: &'a Event, arg: &'static str) -> Result<&'a CudaEvent> {
        let recorded = event.get::<Recorded>();
        let own = recorded.filter(|recorded| Arc::ptr_eq(&recorded.stream, &self.stream));
        own.map(|recorded| &recorded.event).ok_or_else(|| {
            let expected = format!("an event of {}", self.name);
            Error::argument("elapsed_ms", arg, expected, "another device's")
        })
    }

    /// Makes the context current in this thread, as cudarc's thin functions need it.
    fn bind(&self) -> Result<()> {
        self.context
            .bind_to_thread()
            .map_err(self.failed("using the device"))
    }
}

impl Drop for Cuda {
    fn drop(&mut self) {
        // What goes with it, kernels' code above all, may still be in use. A failure was reported by an
        // earlier call, or nobody will ask.
        let _ = self.stream.synchronize();
    }
}

/// An event and the stream it was recorded on.
struct Recorded {
    event: CudaEvent,
    stream: Arc<CudaStream>,
}

impl Accelerator for Cuda {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn compute_capability(&self) -> (u32, u32) {
        self.compute_capability
    }

    fn most_shared_bytes(&self) -> u32 {
        self.most_shared_bytes
    }

    fn multiprocessors(&self) -> u32 {
        self.multiprocessors
    }

    fn warpgroups(&self) -> Option<&Agreement> {
        self.warpgroups.as_ref()
    }

    fn tensor_map(&self, boxes: &TensorBoxes) -> Result<TensorMap> {
        tensor_map::encode(&self.name, boxes)
    }

    fn notes(&self) -> Vec<String> {
        let exact = self.pool.is_exact().then(|| {
            format!(
                "{POOL}=exact: the driver is asked for every allocation, which is slow; for memory checkers"
            )
        });
        let complaint = self.warpgroups.as_ref().and_then(Agreement::complaint);
        let complaint = complaint.map(|complaint| format!("the warpgroups' convolution is off: {complaint}"));
        let notes = self.modules.cache.note().into_iter();
        notes.chain(exact).chain(complaint).collect()
    }

    fn memory(&self) -> DeviceMemory {
        self.pool.memory()
    }

    fn free_memory(&self) -> Option<usize> {
        self.context.mem_get_info().ok().map(|(free, _)| free)
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
        self.bind()?;
        // SAFETY: the allocation is this context's, live, and as long as `from`.
        unsafe { self.staging.copy_to_device(from, address) }.map_err(self.failed("copying to the device"))
    }

    fn copy_to_host(&self, from: &DeviceAllocation, to: &mut [u8]) -> Result<()> {
        from.check_len("copy_to_host", "from", to.len())?;
        let address = self.pool.address_of(from, "copy_to_host", "from")?.0;
        self.bind()?;
        // SAFETY: the allocation is this context's, live, and as long as `to`, which stays borrowed
        // until the stream has been waited for.
        unsafe { result::memcpy_dtoh_async(to, address, self.stream.cu_stream()) }
            .map_err(self.failed("copying to the host"))?;
        self.synchronize()
    }

    fn copy_on_device(&self, from: &DeviceAllocation, to: &DeviceAllocation) -> Result<()> {
        to.check_len("copy_on_device", "to", from.bytes())?;
        let source = self.pool.address_of(from, "copy_on_device", "from")?.0;
        let target = self.pool.address_of(to, "copy_on_device", "to")?.0;
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
        dims.check_shared_bytes(kernel, &self.name, self.most_shared_bytes)?;
        self.bind()?;
        let function = self.modules.function(kernel, dims.shared_bytes)?;
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

    fn record(&self) -> Result<Event> {
        // cudarc's default is an event without a time.
        let timed = Some(sys::CUevent_flags::CU_EVENT_DEFAULT);
        let recorded = self.stream.record_event(timed);
        let event = recorded.map_err(self.failed("recording an event"))?;
        let stream = Arc::clone(&self.stream);
        Ok(Event::new(Recorded { event, stream }))
    }

    fn elapsed_ms(&self, start: &Event, end: &Event) -> Result<f64> {
        let (start, end) = (self.event(start, "start")?, self.event(end, "end")?);
        let elapsed = start.elapsed_ms(end);
        elapsed
            .map(f64::from)
            .map_err(self.failed("waiting for an event"))
    }

    fn synchronize(&self) -> Result<()> {
        self.stream
            .synchronize()
            .map_err(self.failed("waiting for the device"))
    }
}

fn device_error(device: &str, doing: impl Into<String>, error: DriverError) -> Error {
    use sys::CUresult::{
        CUDA_ERROR_INVALID_DEVICE, CUDA_ERROR_INVALID_IMAGE, CUDA_ERROR_NO_BINARY_FOR_GPU,
        CUDA_ERROR_OUT_OF_MEMORY,
    };
    let advice = match error.0 {
        CUDA_ERROR_OUT_OF_MEMORY => "use a smaller batch, or free memory on the device",
        CUDA_ERROR_INVALID_IMAGE | CUDA_ERROR_NO_BINARY_FOR_GPU => {
            "NVRTC may be newer than the driver: update the driver, or use the NVRTC of its CUDA version"
        }
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
    fn the_pool_is_exact_only_where_that_is_asked_for() {
        let wants = |value: Option<&str>| wants_exact_pool(value.map(OsStr::new)).map_err(|e| e.to_string());
        assert_eq!(wants(None), Ok(false));
        assert_eq!(wants(Some("")), Ok(false));
        assert_eq!(wants(Some("exact")), Ok(true));
        let message = wants(Some("1")).unwrap_err();
        assert!(message.contains(POOL) && message.contains("exact"), "{message}");
    }

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
