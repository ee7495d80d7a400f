//! Encoding tensor maps.

use super::super::tensor_map::{BoxKind, EncodedFields, HalfFormat, TensorBoxes, TensorMap};
use super::device_error;
use crate::{Error, Result};
use cudarc::driver::sys;
use std::ffi::c_void;
use std::ptr;

/// Entry points that drivers before CUDA 12 lack; cudarc panics at the first call of one that is missing.
const ENTRY_POINTS: [&str; 2] = ["cuTensorMapEncodeIm2col", "cuTensorMapEncodeTiled"];

/// The map of these boxes, for `device`, whose driver is loaded.
///
/// # Errors
/// As [`Accelerator::tensor_map`](super::Accelerator::tensor_map).
pub(super) fn encode(device: &str, boxes: &TensorBoxes) -> Result<TensorMap> {
    require_entry_points(device)?;
    let fields = boxes.encoded()?;
    let mut map = sys::CUtensorMap { opaque: [0; 16] };
    let format = match boxes.format {
        HalfFormat::F16 => sys::CUtensorMapDataType::CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
        HalfFormat::Bf16 => sys::CUtensorMapDataType::CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
    };
    let address = ptr::without_provenance_mut::<c_void>(boxes.address.0 as usize);
    let EncodedFields {
        axes,
        extents,
        strides,
        window,
        lower,
        upper,
        step,
    } = fields;
    let interleave = sys::CUtensorMapInterleave::CU_TENSOR_MAP_INTERLEAVE_NONE;
    let swizzle = sys::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_128B;
    let promotion = sys::CUtensorMapL2promotion::CU_TENSOR_MAP_L2_PROMOTION_L2_256B;
    let zeros = sys::CUtensorMapFloatOOBfill::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE;
    // At most four.
    let axes = axes as u32;
    let encoded = match boxes.kind {
        // SAFETY: the entry point is there, every array has at least as many elements as there are axes, and the
        // driver only reads them. It keeps the tensor's address as a number.
        BoxKind::Tile { .. } => unsafe {
            sys::cuTensorMapEncodeTiled(
                &mut map,
                format,
                axes,
                address,
                extents.as_ptr(),
                strides.as_ptr(),
                window.as_ptr(),
                step.as_ptr(),
                interleave,
                swizzle,
                promotion,
                zeros,
            )
        },
        // SAFETY: as above; corners have an element for each axis but the innermost and the outermost.
        BoxKind::Im2col { .. } => unsafe {
            sys::cuTensorMapEncodeIm2col(
                &mut map,
                format,
                axes,
                address,
                extents.as_ptr(),
                strides.as_ptr(),
                lower.as_ptr(),
                upper.as_ptr(),
                window[0],
                window[1],
                step.as_ptr(),
                interleave,
                swizzle,
                promotion,
                zeros,
            )
        },
    };
    let failed = |error| device_error(device, format!("encoding a tensor map of {boxes:?}"), error);
    encoded.result().map_err(failed)?;
    Ok(TensorMap(map.opaque))
}

/// An error unless the driver can encode maps.
fn require_entry_points(device: &str) -> Result<()> {
    for name in ENTRY_POINTS {
        // SAFETY: the library is present; the symbol is only looked for and never called as this type.
        let found = unsafe { sys::culib().get::<unsafe extern "C" fn()>(name.as_bytes()) };
        if found.is_err() {
            return Err(Error::Device {
                device: device.to_owned(),
                doing: "encoding a tensor map".to_owned(),
                reason: format!("NVIDIA's driver is too old: it has no {name}"),
                advice: "install a driver for CUDA 12.8 or newer".to_owned(),
            });
        }
    }
    Ok(())
}
