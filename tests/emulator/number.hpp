// number.hpp - 16-bit floating-point numbers and TF32, as the tensor cores read them.
#pragma once

#include <bit>
#include <cstdint>

namespace emulator {

inline float from_bf16(uint32_t bits) { return std::bit_cast<float>(bits << 16); }

inline float from_f16(uint32_t bits) {
  return static_cast<float>(std::bit_cast<_Float16>(static_cast<uint16_t>(bits)));
}

// The lower 13 bits are not read.
inline float from_tf32(uint32_t bits) { return std::bit_cast<float>(bits & 0xffffe000u); }

// To the nearest, ties to even. Every NaN becomes 0x7fff, as on the device.
inline uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

inline uint16_t to_f16(float value) {
  if (value != value) return 0x7fff;
  return std::bit_cast<uint16_t>(static_cast<_Float16>(value));
}

// To the nearest, ties away from zero, as cvt.rna does. Infinity stays: its lower bits are zero.
inline uint32_t to_tf32(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (value != value) return 0x7fffffffu;
  return (bits + 0x1000u) & 0xffffe000u;
}

}  // namespace emulator
