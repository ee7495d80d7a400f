// Mistakes with global memory, each of which the emulator must report. A thread of the grid makes it.

#include "common.cuh"

// x and y have n numbers.
struct MemoryArgs {
    float* x;
    float* y;
    int n;
    int unused;
};

extern "C" __global__ void reads_behind_end(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 0) a.y[0] = a.x[a.n];
}

extern "C" __global__ void reads_before_begin(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 0) a.y[0] = a.x[-1];
}

extern "C" __global__ void writes_behind_end(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 3) a.x[a.n] = 1.0f;
}

extern "C" __global__ void writes_before_begin(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 3) a.x[-1] = 1.0f;
}

// Nothing wrong with it, unless the host has freed x or passes a null pointer.
extern "C" __global__ void writes_begin(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 3) a.x[0] = 1.0f;
}

// Where x was never written.
extern "C" __global__ void copies_first(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 0) a.y[0] = a.x[0];
}

extern "C" __global__ void follows_unwritten_index(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 0) a.y[0] = a.x[*reinterpret_cast<const int*>(a.x)];
}

extern "C" __global__ void reads_misaligned_vector(const __grid_constant__ MemoryArgs a) {
    if (grid_thread() == 0) a.y[0] = reinterpret_cast<const float4*>(a.x + 1)->x;
}
