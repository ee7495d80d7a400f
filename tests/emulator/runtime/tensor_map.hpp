// Tensor maps as they are here: plain fields, those that the driver's encode calls take (written by src/tensor_map.rs).
#pragma once

#include <cstdint>

namespace emulator {

struct alignas(64) TensorMap {
    static constexpr uint64_t MAGIC = 0x70616d726f736e74;

    uint64_t magic;
    uint64_t address;
    uint64_t extents[4];  // elements along each axis, the innermost first; 1 where there is no axis
    uint64_t strides[3];  // bytes between neighbours along all axes but the innermost
    uint32_t element_bytes;
    uint32_t is_im2col;
    uint32_t box[4];      // of a tile: elements along each axis; of im2col: channels and pixels
    int16_t lower[2], upper[2];  // of im2col, columns then rows: where windows begin, from the tensor's corners on
    uint16_t step[2];            // of im2col, columns then rows: between windows
    uint32_t unused[3];
};
static_assert(sizeof(TensorMap) == 128, "as large as the driver's");

// What one instruction copies.
struct TensorBox {
    static constexpr unsigned ROW_BYTES = 128;
    // A row's begin in global memory, of which the first `bytes` are inside.
    struct Row {
        const char* from;
        unsigned bytes;
    };

    TensorMap map;
    bool is_im2col;
    int at[4];        // coordinates, the innermost first
    unsigned tap[2];  // of im2col: column, row

    // What is wrong with it, or null.
    const char* problem() const;
    uint64_t tensor_bytes() const;
    unsigned rows() const;
    Row row(unsigned number) const;

   private:
    const char* element(const int64_t (&place)[4]) const;
    Row inside(const int64_t (&place)[4]) const;
};

}  // namespace emulator
