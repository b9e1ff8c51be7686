// warp_matrix.cuh - the emulator's twin of kernels/cuda/device/ptx/warp_matrix.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/warp_matrix.hpp"

namespace ptx {

template <int kCount>
void ldmatrix(uint32_t (&r)[kCount], uint32_t row,
              const std::source_location& where = std::source_location::current()) {
  static_assert(kCount == 1 || kCount == 2 || kCount == 4);
  emulator::ldmatrix(r, kCount, false, row, where);
}

template <int kCount>
void ldmatrix_transposed(uint32_t (&r)[kCount], uint32_t row,
                         const std::source_location& where = std::source_location::current()) {
  static_assert(kCount == 1 || kCount == 2 || kCount == 4);
  emulator::ldmatrix(r, kCount, true, row, where);
}

template <int kCount>
void stmatrix(uint32_t row, const uint32_t (&r)[kCount],
              const std::source_location& where = std::source_location::current()) {
  static_assert(kCount == 1 || kCount == 2 || kCount == 4);
  emulator::stmatrix(row, r, kCount, false, where);
}

template <int kCount>
void stmatrix_transposed(uint32_t row, const uint32_t (&r)[kCount],
                         const std::source_location& where = std::source_location::current()) {
  static_assert(kCount == 1 || kCount == 2 || kCount == 4);
  emulator::stmatrix(row, r, kCount, true, where);
}

inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                     const std::source_location& where = std::source_location::current()) {
  emulator::mma(emulator::MatrixType::kBf16, d, a, b, where);
}

inline void mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                    const std::source_location& where = std::source_location::current()) {
  emulator::mma(emulator::MatrixType::kF16, d, a, b, where);
}

inline void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                     const std::source_location& where = std::source_location::current()) {
  emulator::mma(emulator::MatrixType::kTf32, d, a, b, where);
}

}  // namespace ptx
