//! Tensor maps for the emulator.

use crossmax::device::tensor_map::{BoxKind, TensorBoxes, TensorMap};
use crossmax::{Error, Result};
use crossmax_emulator::TensorMap as EmulatedMap;

pub fn map_of(boxes: &TensorBoxes) -> Result<TensorMap> {
    let fields = boxes.encoded()?;
    let narrowed = |[column, row]: [i32; 2]| -> Result<[i16; 2]> {
        let refused = |_| {
            Error::argument(
                "a tensor map",
                "corners",
                "places of 16 bits",
                format!("{boxes:?}"),
            )
        };
        Ok([
            i16::try_from(column).map_err(refused)?,
            i16::try_from(row).map_err(refused)?,
        ])
    };
    let [_, right, down, _] = fields.step;
    let map = EmulatedMap {
        address: boxes.address.0,
        extents: fields.extents,
        strides: fields.strides,
        element_bytes: 2,
        is_im2col: matches!(boxes.kind, BoxKind::Im2col { .. }),
        window: fields.window,
        lower: narrowed(fields.lower)?,
        upper: narrowed(fields.upper)?,
        // 8 at most.
        step: [right as u16, down as u16],
    };
    Ok(TensorMap(map.words()))
}
