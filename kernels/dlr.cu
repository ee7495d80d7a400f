// The difference-of-logits-ratio losses, one a row, in f32. With the classes of a row in descending
// order of logit pi1, pi2, ... (of equal logits the lower class first) and the label y:
//
//   untargeted:  loss = (z[o] - z[y]) / (z[pi1] - z[pi3] + 1e-12),  o = pi1 unless that is y, else pi2
//   targeted:    loss = (z[t] - z[y]) / (z[pi1] - (z[pi3] + z[pi4])/2 + 1e-12)
//
// Layout:  z, dz [rows, classes], contiguous; labels, targets, loss, dloss [rows]; leading [rows, 4].
// Tiling:  none; forward one thread per row, backward one thread per element.
// Writes:  '=' only; every element of the result exactly once.
// Sums:    of two or three terms, in the order of the formula.

#include "common.cuh"

constexpr int LEADING = 4;

// What a kernel does not name may be null.
struct DlrArgs {
    const float* z;
    const u32* labels;   // below classes
    const u32* targets;  // below classes; null: untargeted
    u32* leading;        // pi1 to pi4 (untargeted: to pi3)
    float* loss;
    const float* dloss;
    float* dz;
    u64 rows;
    int classes;  // at least 3, targeted 4
    int unused;   // keeps the size a multiple of 8
};

// The loss of one row as a ratio.
struct Ratio {
    u32 label, other;
    float numerator, denominator;

    __device__ Ratio(const DlrArgs& a, u64 row) {
        const float* z = a.z + row * a.classes;
        const u32* leading = a.leading + row * LEADING;
        label = a.labels[row];
        denominator = z[leading[0]];
        if (a.targets == nullptr) {
            other = leading[0] == label ? leading[1] : leading[0];
            denominator -= z[leading[2]];
        } else {
            other = a.targets[row];
            denominator = denominator - 0.5f * z[leading[2]] - 0.5f * z[leading[3]];
        }
        numerator = z[other] - z[label];
        denominator += 1e-12f;
    }
};

// Reads z, labels, targets; writes leading and loss. One thread per row.
extern "C" __global__ void dlr_forward(const __grid_constant__ DlrArgs a) {
    for (u64 row = grid_thread(); row < a.rows; row += grid_threads()) {
        const float* z = a.z + row * a.classes;
        float best[LEADING] = {};
        u32 leading[LEADING] = {};
        for (int i = 0; i < a.classes; ++i) {
            // Carried along the list until it stands; from there on, what it displaced.
            float value = z[i];
            u32 carried = u32(i);
            bool stands = false;
            for (int j = 0; j < LEADING; ++j) {
                const bool vacant = j >= i;
                stands = stands || vacant || !(best[j] >= value);
                if (!stands) continue;
                const float displaced_value = best[j];
                const u32 displaced = leading[j];
                best[j] = value;
                leading[j] = carried;
                value = displaced_value;
                carried = displaced;
            }
        }
        for (int j = 0; j < LEADING; ++j) a.leading[row * LEADING + j] = leading[j];
        const Ratio ratio(a, row);
        a.loss[row] = ratio.numerator / ratio.denominator;
    }
}

// Reads z, labels, targets, leading, dloss; writes dz. One thread per element.
extern "C" __global__ void dlr_backward(const __grid_constant__ DlrArgs a) {
    const u64 elements = a.rows * a.classes;
    for (u64 i = grid_thread(); i < elements; i += grid_threads()) {
        const u64 row = i / a.classes;
        const u32 own = u32(i % a.classes);
        const u32* leading = a.leading + row * LEADING;
        const Ratio ratio(a, row);
        const float upper = a.dloss[row] / ratio.denominator;
        const float lower = a.dloss[row] * ratio.numerator / (ratio.denominator * ratio.denominator);

        float sum = 0.0f;
        if (own == ratio.label) sum -= upper;
        if (own == ratio.other) sum += upper;
        if (own == leading[0]) sum -= lower;
        if (a.targets == nullptr) {
            if (own == leading[2]) sum += lower;
        } else if (own == leading[2] || own == leading[3]) {
            sum += 0.5f * lower;
        }
        a.dz[i] = sum;
    }
}
