// One product of every format of the tensor cores, with the operands placed in two ways: element by
// element where the layout of a lane's registers says, and by asynchronous copies and ldmatrix. One warp.

#include "common.cuh"

// sum += a b in f32, rounded to the format.
struct ProductArgs {
    const float* a;  // [16, K]
    const float* b;  // [K, 8]
    float* sum;      // [16, 8]
};

struct Lane {
    int group = threadIdx.x / 4, member = threadIdx.x % 4;
};

// Loads and stores the lane's part of the [16, 8] sum.
__device__ inline void load_sum(float (&sum)[4], const float* from) {
    const Lane lane;
    for (int i = 0; i < 4; ++i) sum[i] = from[(lane.group + 8 * (i / 2)) * 8 + 2 * lane.member + i % 2];
}
__device__ inline void store_sum(const float (&sum)[4], float* to) {
    const Lane lane;
    for (int i = 0; i < 4; ++i) to[(lane.group + 8 * (i / 2)) * 8 + 2 * lane.member + i % 2] = sum[i];
}

extern "C" __global__ void product_f16_k8(const __grid_constant__ ProductArgs args) {
    const Lane lane;
    const float *top = args.a + lane.group * 8, *bottom = top + 8 * 8;
    const int k = 2 * lane.member;
    const u32 a[2] = {f16x2(top[k], top[k + 1]), f16x2(bottom[k], bottom[k + 1])};
    const u32 b = f16x2(args.b[k * 8 + lane.group], args.b[(k + 1) * 8 + lane.group]);
    float sum[4];
    load_sum(sum, args.sum);
    mma_m16n8k8_f16(sum, a, b);
    store_sum(sum, args.sum);
}

// For all the numbers x: their roundings, and what they are as f16.
struct ConversionArgs {
    const float* x;
    u32* f16;     // of x and -x
    u32* bf16;    // of x and -x
    u32* tf32;    // of x
    float* wide;  // of the lower half of f16
    u64 count;
};

extern "C" __global__ void convert_f16(const __grid_constant__ ConversionArgs a) {
    for (u64 i = grid_thread(); i < a.count; i += grid_threads()) {
        a.f16[i] = f16x2(a.x[i], -a.x[i]);
        a.wide[i] = f16_to_f32(u16(a.f16[i]));
    }
}

#if __CUDA_ARCH__ >= 800 || defined(CROSSMAX_EMULATOR)

extern "C" __global__ void convert_others(const __grid_constant__ ConversionArgs a) {
    for (u64 i = grid_thread(); i < a.count; i += grid_threads()) {
        a.bf16[i] = bf16x2(a.x[i], -a.x[i]);
        a.tf32[i] = tf32(a.x[i]);
    }
}

// The registers of a lane for K = 16 and a format of 16 bits, packed by `pack`.
template <typename Pack>
__device__ inline void load_k16(u32 (&a)[4], u32 (&b)[2], const ProductArgs& args, Pack pack) {
    const Lane lane;
    for (int i = 0; i < 4; ++i) {
        const float* from = args.a + (lane.group + 8 * (i % 2)) * 16 + 2 * lane.member + 8 * (i / 2);
        a[i] = pack(from[0], from[1]);
    }
    for (int i = 0; i < 2; ++i) {
        const float* from = args.b + (2 * lane.member + 8 * i) * 8 + lane.group;
        b[i] = pack(from[0], from[8]);
    }
}

extern "C" __global__ void product_f16_k16(const __grid_constant__ ProductArgs args) {
    u32 a[4], b[2];
    load_k16(a, b, args, [](float low, float high) { return f16x2(low, high); });
    float sum[4];
    load_sum(sum, args.sum);
    mma_m16n8k16_f16(sum, a, b);
    store_sum(sum, args.sum);
}

extern "C" __global__ void product_bf16_k16(const __grid_constant__ ProductArgs args) {
    u32 a[4], b[2];
    load_k16(a, b, args, [](float low, float high) { return bf16x2(low, high); });
    float sum[4];
    load_sum(sum, args.sum);
    mma_m16n8k16_bf16(sum, a, b);
    store_sum(sum, args.sum);
}

extern "C" __global__ void product_tf32_k8(const __grid_constant__ ProductArgs args) {
    const Lane lane;
    u32 a[4], b[2];
    for (int i = 0; i < 4; ++i) {
        a[i] = tf32(args.a[(lane.group + 8 * (i % 2)) * 8 + lane.member + 4 * (i / 2)]);
    }
    for (int i = 0; i < 2; ++i) b[i] = tf32(args.b[(lane.member + 4 * i) * 8 + lane.group]);
    float sum[4];
    load_sum(sum, args.sum);
    mma_m16n8k8_tf32(sum, a, b);
    store_sum(sum, args.sum);
}

// y = a b for 16x16 matrices of f16, of which a stands by rows. Of a only `rows` rows are read; the
// others are zeros. Shared memory: 1024 bytes.
struct StagedArgs {
    const u16* a;
    const u16* b;
    float* y;  // [2, 16, 8]: the left and the right half
    int rows;
    int b_by_columns;
};

constexpr int SIDE = 16;

extern "C" __global__ void product_staged(const __grid_constant__ StagedArgs args) {
    const Shared<u16> a_tile = dynamic_shared<u16>(), b_tile = a_tile + SIDE * SIDE;
    // Two copies of 8 numbers for each row; each matrix is a group of its own.
    const int row = threadIdx.x / 2, place = 8 * threadIdx.x;
    cp_async_16(b_tile + place, args.b + place, true);
    cp_async_commit();
    cp_async_16(a_tile + place, args.a + place, row < args.rows);
    cp_async_commit();

    // Lane 8m + i gives row i of matrix m; for a: top left, bottom left, top right, bottom right.
    const int i = threadIdx.x % 8, m = threadIdx.x / 8;
    const int below = (i + 8 * (m % 2)) * SIDE + 8 * (m / 2), beside = (i + 8 * (m / 2)) * SIDE + 8 * (m % 2);
    u32 a[4], b[4];
    cp_async_wait<1>();
    __syncthreads();
    if (args.b_by_columns) {
        ldmatrix_x4(b, b_tile + beside);
    } else {
        ldmatrix_x4_trans(b, b_tile + below);
    }
    cp_async_wait<0>();
    __syncthreads();
    ldmatrix_x4(a, a_tile + below);

    for (int half = 0; half < 2; ++half) {
        const u32 columns[2] = {b[2 * half], b[2 * half + 1]};
        float sum[4] = {};
        mma_m16n8k16_f16(sum, a, columns);
        store_sum(sum, args.y + half * SIDE * 8);
    }
}

#endif
