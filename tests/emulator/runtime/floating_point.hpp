// Conversions between f32 and the narrow formats of tensor cores, bit for bit as the hardware's.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace emulator {

inline uint32_t bits_of(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float float_of(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

constexpr uint32_t ROUNDED_NAN_16 = 0x7fff;  // what cvt gives for every NaN
constexpr uint32_t ROUNDED_NAN_TF32 = 0x7fffffff;

// To the nearest f16, ties to even; too large becomes infinite.
inline uint16_t to_f16(float value) {
    const uint32_t sign = bits_of(value) >> 16 & 0x8000;
    const float magnitude = std::fabs(value);
    if (value != value) return ROUNDED_NAN_16;
    if (magnitude >= 65520.0f) return uint16_t(sign | 0x7c00);
    // In units of the last place, which below 2^-14 stays 2^-24; rintf rounds ties to even.
    const int exponent = magnitude < 0x1p-14f ? -14 : std::ilogb(magnitude);
    const uint32_t units = uint32_t(std::rint(std::ldexp(magnitude, 10 - exponent)));
    // A carry out of the significand goes into the exponent, as it should.
    return uint16_t(sign | (uint32_t(exponent + 14) * 1024 + units));
}

inline float from_f16(uint16_t bits) {
    const uint32_t sign = uint32_t(bits & 0x8000) << 16;
    const int exponent = bits >> 10 & 31;
    const uint32_t significand = bits & 1023;
    if (exponent == 31) return float_of(sign | 0x7f800000 | significand << 13);
    if (exponent == 0) return float_of(sign | bits_of(float(significand) * 0x1p-24f));
    return float_of(sign | uint32_t(exponent + 112) << 23 | significand << 13);
}

// To the nearest bf16, ties to even.
inline uint16_t to_bf16(float value) {
    if (value != value) return ROUNDED_NAN_16;
    const uint32_t bits = bits_of(value);
    return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float from_bf16(uint16_t bits) { return float_of(uint32_t(bits) << 16); }

// To the nearest tf32, ties away from zero (cvt.rna).
inline uint32_t to_tf32(float value) {
    if (value != value) return ROUNDED_NAN_TF32;
    return (bits_of(value) + 0x1000) & ~0x1fffu;
}

// Tensor cores ignore the lower bits of a tf32.
inline float from_tf32(uint32_t bits) { return float_of(bits & ~0x1fffu); }

}  // namespace emulator
