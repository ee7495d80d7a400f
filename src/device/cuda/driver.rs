//! NVIDIA's driver library: whether it is there, what it can do, and which devices it knows.

use super::device_error;
use crate::{Error, Result};
use cudarc::driver::{DriverError, result, sys};

/// Entry points that this program may call and that older drivers lack; cudarc panics at the first call of one
/// that is missing.
const LATEST_ENTRY_POINTS: [&str; 3] = ["cuEventElapsedTime_v2", "cuMemAllocAsync", "cuMemFreeAsync"];

/// Whether NVIDIA's driver library can be loaded.
pub fn is_present() -> bool {
    // SAFETY: loads and unloads the library under its own names; NVIDIA's library has no
    // initialisers that depend on the state of the program.
    unsafe { sys::is_culib_present() }
}

/// A CUDA device, as the driver lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Number, counted from 0.
    pub ordinal: usize,
    /// Model, for example `NVIDIA H200`.
    pub model: String,
    /// Compute capability, major and minor.
    pub compute_capability: (u32, u32),
    /// All its memory, in bytes.
    pub memory_bytes: usize,
}

/// The newest CUDA version that the driver supports: (major, minor).
///
/// # Errors
/// [`Error::Device`] if there is no driver.
pub fn driver_version() -> Result<(i32, i32)> {
    require_library("cuda")?;
    let mut version = 0;
    // SAFETY: the library is present and the pointer is to a live integer.
    unsafe { sys::cuDriverGetVersion(&mut version) }
        .result()
        .map_err(failed("asking for the driver's version"))?;
    Ok((version / 1000, version % 1000 / 10))
}

/// All devices that the driver knows; listing them opens none.
///
/// # Errors
/// [`Error::Device`] if there is no driver, or it is too old or does not work.
pub fn devices() -> Result<Vec<DeviceInfo>> {
    require_driver("cuda")?;
    match result::init() {
        Err(DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => return Ok(Vec::new()),
        other => other.map_err(failed("starting the driver"))?,
    }
    let count = result::device::get_count().map_err(failed("counting the devices"))?;
    (0..count).map(device_info).collect()
}

fn device_info(ordinal: i32) -> Result<DeviceInfo> {
    use sys::CUdevice_attribute_enum::{
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR as MAJOR,
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR as MINOR,
    };
    let read = || {
        let device = result::device::get(ordinal)?;
        // SAFETY: the device was just got from the driver, here and below.
        let attribute = |which| unsafe { result::device::get_attribute(device, which) };
        Ok(DeviceInfo {
            ordinal: ordinal.unsigned_abs() as usize,
            model: result::device::get_name(device)?,
            compute_capability: (attribute(MAJOR)?.unsigned_abs(), attribute(MINOR)?.unsigned_abs()),
            // SAFETY: as above.
            memory_bytes: unsafe { result::device::total_mem(device) }?,
        })
    };
    read().map_err(failed("reading a device's properties"))
}

/// An error unless the driver is there and as new as this program needs.
pub(super) fn require_driver(device: &str) -> Result<()> {
    require_library(device)?;
    for name in LATEST_ENTRY_POINTS {
        // SAFETY: the library is present; the symbol is only looked for and never called as this type.
        let found = unsafe { sys::culib().get::<unsafe extern "C" fn()>(name.as_bytes()) };
        if found.is_err() {
            return Err(Error::Device {
                device: device.to_owned(),
                doing: "loading the driver".to_owned(),
                reason: format!("NVIDIA's driver is too old: it has no {name}"),
                advice: "install a driver for CUDA 12.8 or newer, or use --device cpu".to_owned(),
            });
        }
    }
    Ok(())
}

/// An error unless the driver's library is there (cudarc panics where it is not).
fn require_library(device: &str) -> Result<()> {
    if is_present() {
        return Ok(());
    }
    Err(Error::Device {
        device: device.to_owned(),
        doing: "loading the driver".to_owned(),
        reason: "NVIDIA's driver library (libcuda) was not found".to_owned(),
        advice: "install NVIDIA's driver, or use --device cpu".to_owned(),
    })
}

fn failed(doing: &'static str) -> impl Fn(DriverError) -> Error {
    move |error| device_error("cuda", doing, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_driver_everything_is_an_error_with_advice() {
        if is_present() {
            println!("skipped: there is a driver");
            return;
        }
        for error in [devices().unwrap_err(), driver_version().unwrap_err()] {
            assert_eq!(
                error.to_string(),
                "device cuda: loading the driver failed: NVIDIA's driver library (libcuda) was not found; \
                 install NVIDIA's driver, or use --device cpu"
            );
        }
    }
}
