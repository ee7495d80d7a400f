//! Which device computes.

use super::{Accelerator, cuda, nvrtc};
use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Where tensors are kept and computed with.
#[derive(Clone, Default)]
pub enum Device {
    /// The processor, with all its threads.
    #[default]
    Cpu,
    /// An accelerator.
    Accelerator(Arc<dyn Accelerator>),
}

impl Device {
    /// The accelerator, if it is one.
    pub fn accelerator(&self) -> Option<&Arc<dyn Accelerator>> {
        match self {
            Self::Cpu => None,
            Self::Accelerator(accelerator) => Some(accelerator),
        }
    }
}

impl fmt::Display for Device {
    /// `cpu`, or the accelerator's name: `cuda:0 (NVIDIA H200)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Accelerator(accelerator) => f.write_str(&accelerator.name()),
        }
    }
}

/// What a user asks for: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA if it can be used, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number.
    Cuda(u16),
}

impl DeviceChoice {
    /// Opens the device. For [`DeviceChoice::Auto`] also why it is that one, in one line for people.
    ///
    /// # Errors
    /// [`Error::Device`] saying what is missing and what to do, if a CUDA device was asked for by name.
    pub fn open(self) -> Result<(Device, Option<String>)> {
        match self {
            Self::Cpu => Ok((Device::Cpu, None)),
            Self::Cuda(number) => Ok((open_cuda(number)?, None)),
            Self::Auto => Ok(match suits().and_then(|()| open_cuda(0)) {
                Ok(device) => {
                    let why = format!("device: {device} (auto: it can be used)");
                    (device, Some(why))
                }
                Err(error) => {
                    let why = match error {
                        Error::Device { reason, .. } => reason,
                        other => other.to_string(),
                    };
                    (Device::Cpu, Some(format!("device: cpu (auto: {why})")))
                }
            }),
        }
    }
}

/// The least compute capability that `auto` takes: that of Turing, the oldest that this CUDA's compiler makes code for.
const LEAST_CAPABILITY: (u32, u32) = (7, 5);

/// Whether the first CUDA device can run what the compiler of kernels makes.
///
/// # Errors
/// [`Error::Device`] if a part is missing, the device is too old, or the compiler is newer than the driver.
fn suits() -> Result<()> {
    let devices = cuda::devices()?;
    let capability = devices.first().map(|device| device.compute_capability);
    match unsuited(capability, nvrtc::version()?, cuda::driver_version()?) {
        None => Ok(()),
        Some(reason) => Err(Error::Device {
            device: "cuda:0".to_owned(),
            doing: "choosing a device".to_owned(),
            reason,
            advice: "use --device cuda to try it all the same".to_owned(),
        }),
    }
}

/// Why a device of this compute capability does not suit a compiler and a driver of these CUDA versions, if it does not.
fn unsuited(capability: Option<(u32, u32)>, compiler: (i32, i32), driver: (i32, i32)) -> Option<String> {
    let Some((major, minor)) = capability else {
        return Some("the driver knows no device".to_owned());
    };
    if (major, minor) < LEAST_CAPABILITY {
        let (least, least_minor) = LEAST_CAPABILITY;
        return Some(format!(
            "cuda:0 has compute capability {major}.{minor}, and {least}.{least_minor} is needed"
        ));
    }
    // Within a major version a driver runs the code of newer compilers.
    (compiler.0 > driver.0).then(|| {
        format!(
            "NVRTC is of CUDA {}.{}, newer than the driver's {}.{}",
            compiler.0, compiler.1, driver.0, driver.1
        )
    })
}

/// The CUDA device of this number, if the compiler of its kernels is there too.
fn open_cuda(number: u16) -> Result<Device> {
    let device = cuda::open(number.into())?;
    nvrtc::version()?;
    Ok(Device::Accelerator(device))
}

impl FromStr for DeviceChoice {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read() {
        for (text, choice) in [
            ("auto", Some(DeviceChoice::Auto)),
            ("cpu", Some(DeviceChoice::Cpu)),
            ("cuda", Some(DeviceChoice::Cuda(0))),
            ("cuda:3", Some(DeviceChoice::Cuda(3))),
            ("cuda:", None),
            ("cuda:-1", None),
            ("tpu", None),
        ] {
            assert_eq!(text.parse().ok(), choice, "{text}");
        }
    }

    #[test]
    fn auto_takes_no_old_device_and_no_compiler_newer_than_the_driver() {
        let told = |capability, compiler| unsuited(capability, compiler, (12, 8)).unwrap_or_default();
        assert_eq!(told(Some((9, 0)), (12, 8)), "");
        assert_eq!(told(Some((7, 5)), (12, 4)), "");
        assert!(told(Some((7, 0)), (12, 8)).contains("compute capability 7.0, and 7.5"));
        assert!(told(Some((9, 0)), (13, 0)).contains("NVRTC is of CUDA 13.0, newer than the driver's 12.8"));
        assert!(told(None, (12, 8)).contains("no device"));
    }

    #[test]
    fn what_cannot_be_opened_is_said_in_one_line() -> Result<()> {
        let (device, why) = DeviceChoice::Auto.open()?;
        let why = why.unwrap_or_default();
        assert!(why.starts_with(&format!("device: {device} (auto: ")), "{why}");
        if let Err(error) = DeviceChoice::Cuda(0).open() {
            let error = error.to_string();
            assert!(matches!(device, Device::Cpu) && !error.contains('\n'), "{error}");
        }
        assert!(matches!(DeviceChoice::Cpu.open()?, (Device::Cpu, None)));
        Ok(())
    }
}
