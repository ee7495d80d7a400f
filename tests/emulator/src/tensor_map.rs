//! Tensor maps, which a kernel's copies of boxes take.

/// The fields of a map, as `runtime/tensor_map.hpp` has them; axes from the innermost on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TensorMap {
    /// Where the tensor begins.
    pub address: u64,
    /// Elements along each axis; 1 where there is none.
    pub extents: [u64; 4],
    /// Bytes between neighbours along all axes but the innermost.
    pub strides: [u64; 3],
    /// Bytes of an element.
    pub element_bytes: u32,
    /// Whether boxes are pixels under a tap of a window.
    pub is_im2col: bool,
    /// Elements of a box along each axis; of pixels, channels and pixels.
    pub window: [u32; 4],
    /// Columns, rows: where windows begin at first, from the tensor's first pixel on.
    pub lower: [i16; 2],
    /// The same of the last windows, from the tensor's last pixel on.
    pub upper: [i16; 2],
    /// Columns, rows between windows.
    pub step: [u16; 2],
}

impl TensorMap {
    const MAGIC: u64 = 0x7061_6d72_6f73_6e74;

    /// The map as a field of a kernel's argument struct.
    pub fn words(&self) -> [u64; 16] {
        let [e0, e1, e2, e3] = self.extents;
        let [s1, s2, s3] = self.strides;
        let pair = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        let places = |[column, row]: [i16; 2]| {
            u32::from(row.cast_unsigned()) << 16 | u32::from(column.cast_unsigned())
        };
        let [b0, b1, b2, b3] = self.window;
        let step = u64::from(self.step[1]) << 16 | u64::from(self.step[0]);
        let kind = pair(self.element_bytes, u32::from(self.is_im2col));
        let corners = pair(places(self.lower), places(self.upper));
        [
            Self::MAGIC,
            self.address,
            e0,
            e1,
            e2,
            e3,
            s1,
            s2,
            s3,
            kind,
            pair(b0, b1),
            pair(b2, b3),
            corners,
            step,
            0,
            0,
        ]
    }
}
