//! Compiling CUDA C++ with NVRTC, the compiler library of the CUDA toolkit.
//!
//! The library is loaded when it is first needed; a GPU or a driver is not. `libnvrtc` comes with
//! the CUDA toolkit and, alone, with the Python wheel `nvidia-cuda-nvrtc`.

#![allow(
    unsafe_code,
    reason = "NVRTC is a C library; cudarc wraps neither cubins nor embedded headers"
)]

mod library;

use super::CacheKey;
use super::kernels::FILES;
use crate::{Error, Result};
use cudarc::nvrtc::{result, sys};
use std::ffi::{CString, c_char, c_int};
use std::fmt;
use std::ptr;

/// A real GPU architecture, for example `sm_90a`: what machine code is made for.
///
/// It is always named: without it NVRTC compiles for the oldest one it knows, and would give PTX,
/// which a driver older than the compiler cannot load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(String);

impl Target {
    /// The target of devices with compute capability `major`.`minor`. From 9.0 on it is the one
    /// with all instructions of that generation (`sm_90a`), since the code is never moved to
    /// another device.
    pub fn of_capability(major: u32, minor: u32) -> Self {
        let suffix = if major >= 9 { "a" } else { "" };
        Self(format!("sm_{major}{minor}{suffix}"))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the compiler made of a source.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Machine code for one target, an ELF file that the driver loads.
    pub cubin: Vec<u8>,
    /// The compiler's messages (warnings); empty if it had none.
    pub log: String,
}

/// Whether `libnvrtc` can be loaded.
pub fn is_present() -> bool {
    // SAFETY: loads and unloads the library under its own names; NVIDIA's library has no
    // initialisers that depend on the state of the program.
    unsafe { sys::is_culib_present() }
}

/// Version of the library: (major, minor).
///
/// # Errors
/// [`Error::Device`] if there is no `libnvrtc`.
pub fn version() -> Result<(i32, i32)> {
    require_library()?;
    let (mut major, mut minor) = (0, 0);
    // SAFETY: the library is present and both pointers are to live integers.
    unsafe { sys::nvrtcVersion(&mut major, &mut minor) }
        .result()
        .map_err(|error| device_error("asking for its version", &error))?;
    Ok((major, minor))
}

/// What the machine code of `source` depends on: everything that [`compile`] would be given, and
/// the library: its version and, where the system tells which file it is, that file's path, length and time of change.
///
/// # Errors
/// [`Error::Device`] if there is no `libnvrtc`.
pub fn key(name: &str, source: &str, target: &Target) -> Result<CacheKey> {
    let (major, minor) = version()?;
    let mut key = CacheKey::new(&["NVRTC", &format!("{major}.{minor}")]);
    if let Some(library) = library::loaded() {
        key = key.and(&["library", &library]);
    }
    for option in options(target) {
        key = key.and(&["option", &option]);
    }
    for header in FILES.iter().filter(|file| file.is_header()) {
        key = key.and(&["header", header.name, header.sha256]);
    }
    Ok(key.and(&["source", name, source]))
}

/// What the compiler is told beside the source.
fn options(target: &Target) -> [String; 2] {
    [format!("--gpu-architecture={target}"), "--std=c++17".to_owned()]
}

/// Compiles `source` to machine code for `target`; `name` stands for it in messages. The headers
/// of `kernels/` can be included by name, and nothing else can.
///
/// # Errors
/// [`Error::Device`] if there is no `libnvrtc`; [`Error::Kernel`] with the compiler's log if it
/// refuses the source or does not know the target.
pub fn compile(name: &str, source: &str, target: &Target) -> Result<Compiled> {
    require_library()?;
    let options = options(target);
    let refused = |log: String| Error::Kernel {
        kernel: name.to_owned(),
        options: options.join(" "),
        log,
    };

    let program = Program::new(name, source)?;
    // SAFETY: the handle is a live program's.
    let outcome = unsafe { result::compile_program(program.handle, &options) };
    let log = program.log()?;
    match outcome {
        Ok(()) => Ok(Compiled {
            cubin: program.cubin()?,
            log,
        }),
        Err(error) if log.is_empty() => Err(refused(error.to_string())),
        Err(_) => Err(refused(log)),
    }
}

/// A program of NVRTC, destroyed on drop.
struct Program {
    handle: sys::nvrtcProgram,
}

impl Program {
    fn new(name: &str, source: &str) -> Result<Self> {
        let headers = FILES.iter().filter(|file| file.is_header());
        let (header_names, header_sources) = headers
            .map(|file| Ok((c_string(file.name)?, c_string(file.source)?)))
            .collect::<Result<(Vec<_>, Vec<_>)>>()?;
        let (name, source) = (c_string(name)?, c_string(source)?);
        let pointers = |strings: &[CString]| -> Vec<*const c_char> {
            strings.iter().map(|string| string.as_ptr()).collect()
        };
        let names = pointers(&header_names);
        let sources = pointers(&header_sources);

        let mut handle = ptr::null_mut();
        // SAFETY: every pointer is to a string or an array of strings that outlives the call, both
        // arrays have the length given, and NVRTC copies all of them.
        unsafe {
            sys::nvrtcCreateProgram(
                &mut handle,
                source.as_ptr(),
                name.as_ptr(),
                names.len() as c_int,
                sources.as_ptr(),
                names.as_ptr(),
            )
        }
        .result()
        .map_err(|error| device_error("creating a program", &error))?;
        Ok(Self { handle })
    }

    /// The compiler's messages, without the closing NUL and surrounding space.
    fn log(&self) -> Result<String> {
        // SAFETY: the handle is a live program's.
        let log = unsafe { result::get_program_log(self.handle) }
            .map_err(|error| device_error("reading the log", &error))?;
        let text = String::from_utf8_lossy(bytemuck::cast_slice(&log)).into_owned();
        Ok(text.trim_end_matches('\0').trim().to_owned())
    }

    /// The machine code of a program that was compiled for a real target.
    fn cubin(&self) -> Result<Vec<u8>> {
        let failed = |error| device_error("reading the machine code", &error);
        let mut len = 0;
        // SAFETY: the handle is a live program's and `len` outlives the call.
        unsafe { sys::nvrtcGetCUBINSize(self.handle, &mut len) }
            .result()
            .map_err(failed)?;
        let mut cubin = vec![0_u8; len];
        // SAFETY: the buffer has the length that NVRTC asked for.
        unsafe { sys::nvrtcGetCUBIN(self.handle, cubin.as_mut_ptr().cast()) }
            .result()
            .map_err(failed)?;
        Ok(cubin)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: the handle is a live program's, and nothing uses it after this. A failure could
        // only leak the program.
        let _ = unsafe { result::destroy_program(self.handle) };
    }
}

/// An error unless `libnvrtc` is present (cudarc panics where it is not).
fn require_library() -> Result<()> {
    if is_present() {
        return Ok(());
    }
    Err(Error::Device {
        device: "cuda".to_owned(),
        doing: "loading the kernel compiler".to_owned(),
        reason: "libnvrtc was not found".to_owned(),
        advice: "install the CUDA toolkit or the Python wheel nvidia-cuda-nvrtc, and put the \
                 folder of libnvrtc on LD_LIBRARY_PATH"
            .to_owned(),
    })
}

fn device_error(doing: &str, error: &result::NvrtcError) -> Error {
    Error::Device {
        device: "cuda".to_owned(),
        doing: format!("NVRTC: {doing}"),
        reason: error.to_string(),
        advice: "check that libnvrtc is complete (libnvrtc-builtins beside it)".to_owned(),
    }
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::argument("nvrtc::compile", "source", "no NUL byte", "one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_real_architectures() {
        let name = |major, minor| Target::of_capability(major, minor).to_string();
        assert_eq!(name(7, 5), "sm_75");
        assert_eq!(name(8, 6), "sm_86");
        assert_eq!(name(9, 0), "sm_90a");
        assert_eq!(name(12, 0), "sm_120a");
    }

    #[test]
    fn a_missing_library_is_an_error_with_advice() {
        if is_present() {
            println!("skipped: libnvrtc is present");
            return;
        }
        let error = compile("none.cu", "", &Target::of_capability(8, 0)).unwrap_err();
        assert!(error.to_string().contains("nvidia-cuda-nvrtc"), "{error}");
        assert!(version().is_err());
    }
}
