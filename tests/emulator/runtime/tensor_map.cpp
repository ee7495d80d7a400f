#include "tensor_map.hpp"

#include <algorithm>

namespace emulator {

const char* TensorBox::problem() const {
    if (map.magic != TensorMap::MAGIC) return "which is no tensor map";
    if (bool(map.is_im2col) != is_im2col) return "whose map is for the other kind of copy";
    if (map.box[0] * map.element_bytes != ROW_BYTES) return "whose rows are not of 128 bytes";
    if (rows() % 8 != 0) return "whose rows are not a multiple of 8";
    return nullptr;
}

uint64_t TensorBox::tensor_bytes() const {
    uint64_t bytes = map.extents[0] * map.element_bytes;
    for (unsigned i = 0; i < 3; ++i) bytes += (map.extents[i + 1] - 1) * map.strides[i];
    return bytes;
}

unsigned TensorBox::rows() const { return is_im2col ? map.box[1] : map.box[1] * map.box[2] * map.box[3]; }

TensorBox::Row TensorBox::inside(const int64_t (&place)[4]) const {
    for (unsigned i = 0; i < 4; ++i) {
        if (place[i] < 0 || place[i] >= int64_t(map.extents[i])) return {nullptr, 0};
    }
    const int64_t elements = std::min<int64_t>(map.extents[0] - place[0], map.box[0]);
    return {element(place), unsigned(elements * map.element_bytes)};
}

const char* TensorBox::element(const int64_t (&place)[4]) const {
    uint64_t address = map.address + place[0] * map.element_bytes;
    for (unsigned i = 0; i < 3; ++i) address += place[i + 1] * map.strides[i];
    return reinterpret_cast<const char*>(address);
}

TensorBox::Row TensorBox::row(unsigned number) const {
    int64_t place[4] = {at[0], at[1], at[2], at[3]};
    if (!is_im2col) {
        const unsigned along[2] = {map.box[1], map.box[2]};
        place[1] += number % along[0];
        place[2] += number / along[0] % along[1];
        place[3] += number / along[0] / along[1];
        return inside(place);
    }
    // Windows begin from the lower corner to the upper one, column by column, row by row, image by image. The walk
    // begins where the coordinates say, which need not be on the grid of the steps.
    for (unsigned i = 0; i < number; ++i) {
        for (unsigned axis = 1; axis <= 2; ++axis) {
            place[axis] += map.step[axis - 1];
            if (place[axis] < int64_t(map.extents[axis]) + map.upper[axis - 1]) break;
            place[axis] = map.lower[axis - 1];
            if (axis == 2) ++place[3];
        }
    }
    place[1] += tap[0];
    place[2] += tap[1];
    return inside(place);
}

}  // namespace emulator
