// The bodies that the instructions of sm_90a (kernels/ptx_sm90.cuh) have here.
#pragma once

#include "instructions.hpp"
#include "tensor_map.hpp"
#include "warpgroup_products.hpp"

namespace emulator {

void init_mbarrier(int64_t barrier, uint32_t arrivals);
void fence_mbarrier_init();
void arrive_at_mbarrier(int64_t barrier, uint32_t expected_bytes);
void wait_for_mbarrier(int64_t barrier, uint32_t parity, Site site);
void fence_proxy_async();
void load_box(int64_t to, const TensorBox& box, int64_t barrier);
void fence_products(Site site);
void multiply_warpgroup(const ProductFormat& format, float* sum, uint64_t a, uint64_t b, bool accumulate, Site site);
void commit_products(Site site);
void wait_for_products(unsigned pending, Site site);
uint64_t describe_factor(int64_t first);

}  // namespace emulator

using emulator::TensorMap;

template <typename T>
inline Shared<T> swizzled_shared() {
    return Shared<T>(0);
}

inline void mbarrier_init(Shared<unsigned long long> barrier, unsigned arrivals) {
    emulator::init_mbarrier(barrier.byte_offset(), arrivals);
}
inline void mbarrier_fence_init() { emulator::fence_mbarrier_init(); }
inline void mbarrier_arrive(Shared<unsigned long long> barrier) { emulator::arrive_at_mbarrier(barrier.byte_offset(), 0); }
inline void mbarrier_arrive_expect(Shared<unsigned long long> barrier, unsigned bytes) {
    emulator::arrive_at_mbarrier(barrier.byte_offset(), bytes);
}
inline void mbarrier_wait(Shared<unsigned long long> barrier, unsigned parity,
                          emulator::Site site = emulator::Site::here()) {
    emulator::wait_for_mbarrier(barrier.byte_offset(), parity, site);
}
inline void fence_proxy_async() { emulator::fence_proxy_async(); }

template <typename T>
inline void tma_load_im2col(Shared<T> to, const TensorMap& map, Shared<unsigned long long> barrier, int c, int w, int h, int n,
                            unsigned short s, unsigned short r) {
    emulator::load_box(to.byte_offset(), {map, true, {c, w, h, n}, {s, r}}, barrier.byte_offset());
}
template <typename T>
inline void tma_load_tile(Shared<T> to, const TensorMap& map, Shared<unsigned long long> barrier, int inner, int middle,
                          int outer) {
    emulator::load_box(to.byte_offset(), {map, false, {inner, middle, outer, 0}, {}}, barrier.byte_offset());
}

template <typename T>
inline unsigned long long swizzled_factor(Shared<T> first) {
    return emulator::describe_factor(first.byte_offset());
}

inline void wgmma_fence(emulator::Site site = emulator::Site::here()) { emulator::fence_products(site); }
inline void wgmma_commit(emulator::Site site = emulator::Site::here()) { emulator::commit_products(site); }
template <int PENDING>
inline void wgmma_wait(emulator::Site site = emulator::Site::here()) {
    emulator::wait_for_products(PENDING, site);
}
inline void wgmma_m64n64k16_f16(float (&sum)[32], unsigned long long a, unsigned long long b, bool accumulate,
                                emulator::Site site = emulator::Site::here()) {
    emulator::multiply_warpgroup({64, emulator::from_f16}, sum, a, b, accumulate, site);
}
inline void wgmma_m64n64k16_bf16(float (&sum)[32], unsigned long long a, unsigned long long b, bool accumulate,
                                 emulator::Site site = emulator::Site::here()) {
    emulator::multiply_warpgroup({64, emulator::from_bf16}, sum, a, b, accumulate, site);
}
inline void wgmma_m64n128k16_f16(float (&sum)[64], unsigned long long a, unsigned long long b, bool accumulate,
                                 emulator::Site site = emulator::Site::here()) {
    emulator::multiply_warpgroup({128, emulator::from_f16}, sum, a, b, accumulate, site);
}
inline void wgmma_m64n128k16_bf16(float (&sum)[64], unsigned long long a, unsigned long long b, bool accumulate,
                                  emulator::Site site = emulator::Site::here()) {
    emulator::multiply_warpgroup({128, emulator::from_bf16}, sum, a, b, accumulate, site);
}

// Registers are no scarce thing here.
template <int REGISTERS>
inline void release_registers() {}
template <int REGISTERS>
inline void take_registers() {}
