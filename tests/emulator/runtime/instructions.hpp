// The bodies that a kernel's device instructions (kernels/ptx.cuh) have here.
#pragma once

#include "floating_point.hpp"
#include "shared_pointer.hpp"
#include "site.hpp"

namespace emulator {

uint32_t shuffle_xor(uint32_t value, int mask, Site site);
void load_matrices(uint32_t (&matrices)[4], int64_t row, bool transposed, Site site);
// The tensor cores' formats.
enum class Operands { F16_K8, F16_K16, BF16_K16, TF32_K8 };
// sum += a * b; `a` and `b` are the lane's registers.
void multiply_accumulate(Operands operands, float (&sum)[4], const uint32_t* a, const uint32_t* b, Site site);
void copy_async(int64_t to, const void* from, bool copy);
void commit_async();
void wait_async(unsigned pending);
inline uint32_t pair(uint16_t low, uint16_t high) { return uint32_t(high) << 16 | low; }

}  // namespace emulator

using emulator::Shared;

template <typename T>
inline Shared<T> dynamic_shared() {
    return Shared<T>(0);
}

inline unsigned shuffle_xor(unsigned value, int mask, emulator::Site site = emulator::Site::here()) {
    return emulator::shuffle_xor(value, mask, site);
}
inline float shuffle_xor(float value, int mask, emulator::Site site = emulator::Site::here()) {
    return emulator::float_of(emulator::shuffle_xor(emulator::bits_of(value), mask, site));
}

template <typename T>
inline void ldmatrix_x4(unsigned (&matrices)[4], Shared<T> row, emulator::Site site = emulator::Site::here()) {
    emulator::load_matrices(matrices, row.byte_offset(), false, site);
}
template <typename T>
inline void ldmatrix_x4_trans(unsigned (&matrices)[4], Shared<T> row,
                              emulator::Site site = emulator::Site::here()) {
    emulator::load_matrices(matrices, row.byte_offset(), true, site);
}

inline void mma_m16n8k8_f16(float (&sum)[4], const unsigned (&a)[2], unsigned b,
                            emulator::Site site = emulator::Site::here()) {
    emulator::multiply_accumulate(emulator::Operands::F16_K8, sum, a, &b, site);
}
inline void mma_m16n8k16_f16(float (&sum)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                             emulator::Site site = emulator::Site::here()) {
    emulator::multiply_accumulate(emulator::Operands::F16_K16, sum, a, b, site);
}
inline void mma_m16n8k16_bf16(float (&sum)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                              emulator::Site site = emulator::Site::here()) {
    emulator::multiply_accumulate(emulator::Operands::BF16_K16, sum, a, b, site);
}
inline void mma_m16n8k8_tf32(float (&sum)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                             emulator::Site site = emulator::Site::here()) {
    emulator::multiply_accumulate(emulator::Operands::TF32_K8, sum, a, b, site);
}

template <typename T>
inline void cp_async_16(Shared<T> to, const T* from, bool copy) {
    emulator::copy_async(to.byte_offset(), from, copy);
}
inline void cp_async_commit() { emulator::commit_async(); }
template <int PENDING>
inline void cp_async_wait() {
    emulator::wait_async(PENDING);
}

inline unsigned f16x2(float low, float high) {
    return emulator::pair(emulator::to_f16(low), emulator::to_f16(high));
}
inline unsigned bf16x2(float low, float high) {
    return emulator::pair(emulator::to_bf16(low), emulator::to_bf16(high));
}
inline unsigned tf32(float value) { return emulator::to_tf32(value); }
inline float f16_to_f32(unsigned short value) { return emulator::from_f16(value); }
