// Results that depend on the order in which a GPU happens to run threads or blocks: not reported, but
// different for different seeds, so that a comparison finds them.

#include "common.cuh"

struct OrderArgs {
    int* y;       // one number per thread of the grid
    int* ticket;  // 0
};

extern "C" __global__ void threads_draw_tickets(const __grid_constant__ OrderArgs a) {
    a.y[grid_thread()] = atomicAdd(a.ticket, 1);
}

extern "C" __global__ void last_block_wins(const __grid_constant__ OrderArgs a) {
    a.y[threadIdx.x] = int(blockIdx.x);
}

// The same among threads that a barrier has let go.
extern "C" __global__ void threads_draw_tickets_after_barrier(const __grid_constant__ OrderArgs a) {
    __syncthreads();
    a.y[grid_thread()] = atomicAdd(a.ticket, 1);
}
