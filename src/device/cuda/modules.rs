//! Kernels that were compiled and loaded.

use super::device_error;
use super::memory::DriverMemory;
use crate::device::nvrtc::{self, Target};
use crate::device::{KernelCache, Pool, Signature, kernels};
use crate::{Error, Result};
use cudarc::driver::{CudaContext, CudaFunction, CudaModule, DriverError, sys};
use cudarc::nvrtc::Ptx;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

/// Dynamic shared memory that every kernel may have without asking for more, in bytes.
const SHARED_BYTES_FOR_ALL: u32 = 48 << 10;

/// The kernels of one device, each compiled and loaded when it is first launched.
pub(super) struct Modules {
    device: String,
    target: Target,
    context: Arc<CudaContext>,
    pool: Arc<Pool<DriverMemory>>,
    pub cache: KernelCache,
    loaded: Mutex<Loaded>,
}

#[derive(Default)]
struct Loaded {
    modules: HashMap<&'static str, Arc<CudaModule>>,
    functions: HashMap<&'static str, Function>,
}

struct Function {
    function: CudaFunction,
    /// Dynamic shared memory that it may be launched with, in bytes.
    shared_bytes: u32,
}

impl Modules {
    pub fn new(
        device: String,
        target: Target,
        context: Arc<CudaContext>,
        pool: Arc<Pool<DriverMemory>>,
    ) -> Self {
        Self {
            device,
            target,
            context,
            pool,
            cache: KernelCache::of_user(),
            loaded: Mutex::default(),
        }
    }

    /// The kernel, ready to be launched with `shared_bytes` bytes of dynamic shared memory, which the device must
    /// have; the context must be current in this thread.
    pub fn function(&self, kernel: &Signature, shared_bytes: u32) -> Result<CudaFunction> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let Loaded { modules, functions } = &mut *loaded;
        let found = match functions.entry(kernel.entry()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let module = self.module(modules, kernel.source())?;
                let function = module
                    .load_function(kernel.entry())
                    .map_err(self.failed("finding a kernel"))?;
                entry.insert(Function {
                    function,
                    shared_bytes: SHARED_BYTES_FOR_ALL,
                })
            }
        };
        if shared_bytes > found.shared_bytes {
            use sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES as MOST;
            let bytes = i32::try_from(shared_bytes).unwrap_or(i32::MAX);
            found
                .function
                .set_attribute(MOST, bytes)
                .map_err(self.failed("giving a kernel more shared memory"))?;
            found.shared_bytes = shared_bytes;
        }
        Ok(found.function.clone())
    }

    /// The compiled file `source` of `kernels/`.
    fn module(
        &self,
        modules: &mut HashMap<&'static str, Arc<CudaModule>>,
        source: &'static str,
    ) -> Result<Arc<CudaModule>> {
        if let Some(module) = modules.get(source) {
            return Ok(Arc::clone(module));
        }
        let unit = kernels::translation_unit(source)?;
        let key = nvrtc::key(source, &unit, &self.target)?;
        let compile = || Ok(nvrtc::compile(source, &unit, &self.target)?.cubin);
        let cubin = self.cache.find_or_compile(&key, compile)?;
        let load = || self.context.load_module(Ptx::from_binary(cubin.clone()));
        let module = match load() {
            // What the pool keeps is free.
            Err(error) if error.0 == sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
                self.pool.trim()?;
                load()
            }
            loaded => loaded,
        };
        let module = module.map_err(self.failed("loading compiled kernels"))?;
        modules.insert(source, Arc::clone(&module));
        Ok(module)
    }

    fn failed(&self, doing: &'static str) -> impl Fn(DriverError) -> Error {
        move |error| device_error(&self.device, doing, error)
    }
}
