// Conversions between f32 and the narrow formats of tensor cores, bit for bit as the hardware's.
#pragma once

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
    const uint32_t magnitude = bits_of(value) & 0x7fffffff;
    if (value != value) return ROUNDED_NAN_16;
    if (magnitude >= bits_of(65520.0f)) return uint16_t(sign | 0x7c00);
    if (magnitude < bits_of(0x1p-14f)) {
        // The unit in the last place is 2^-24, as that of 0.5f: let the sum round.
        return uint16_t(sign | (bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f)));
    }
    // Other bias of the exponent, 13 bits less; a carry goes into the exponent, as it should.
    const uint32_t to_even = 0xfff + (magnitude >> 13 & 1);
    return uint16_t(sign | ((magnitude - (112u << 23) + to_even) >> 13));
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
