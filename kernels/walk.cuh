// Walking over elements whose places in memory differ from operand to operand: broadcast, permuted
// or cut out. The host merges axes that lie behind each other, so that a walk over contiguous memory
// has one axis and divides nothing.
#pragma once

#include "common.cuh"

constexpr int MOST_AXES = 6;

// Calls visit(axis, coordinate) for the coordinates of element `i` of a walk over axes of `lengths`,
// outermost first; the number of axes is at least 1, and the first takes what the others leave.
template <typename Visit>
__device__ inline void for_coordinates(u64 i, int axes, const u64 (&lengths)[MOST_AXES], Visit visit) {
    for (int axis = axes - 1; axis > 0; --axis) {
        visit(axis, i % lengths[axis]);
        i /= lengths[axis];
    }
    visit(0, i);
}

// Place of element `i` of such a walk in an operand with `steps` elements between neighbours.
__device__ inline u64 place_of(u64 i, int axes, const u64 (&lengths)[MOST_AXES],
                               const u64 (&steps)[MOST_AXES]) {
    u64 place = 0;
    for_coordinates(i, axes, lengths, [&](int axis, u64 at) { place += at * steps[axis]; });
    return place;
}
