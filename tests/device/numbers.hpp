// numbers.hpp - small integers as bf16, fp16 and TF32, which all represent them exactly, so that
// products and sums are exact too.
#pragma once

#include <bit>
#include <cstdint>

#include "tests/device/kernels.hpp"

namespace sslcuda::test {

constexpr int bytes_of(Number number) { return number == Number::kTf32 ? 4 : 2; }

// k of one product on the tensor cores.
constexpr int mma_depth(Number number) { return number == Number::kTf32 ? 8 : 16; }

inline uint32_t encode(Number number, int value) {
  switch (number) {
    case Number::kBf16:
      return std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16;
    case Number::kF16:
      return std::bit_cast<uint16_t>(static_cast<_Float16>(value));
    case Number::kTf32:  // the lower bits are not read
      return std::bit_cast<uint32_t>(static_cast<float>(value)) | 0x1fffu;
  }
  return 0;
}

// Something between -4 and 4 that has no pattern.
inline int entry(int row, int column) { return (row * 31 + column * 17 + row * column) % 9 - 4; }

}  // namespace sslcuda::test
