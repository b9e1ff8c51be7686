// wgmma.cuh - the emulator's twin of kernels/cuda/device/ptx/wgmma.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/wgmma.hpp"

namespace ptx {

using emulator::MatrixType;

enum class Major { kK, kMN };

inline void wgmma_fence() { emulator::wgmma_fence(); }
inline void wgmma_commit() { emulator::wgmma_commit(); }

template <int kPending>
void wgmma_wait(const std::source_location& where = std::source_location::current()) {
  emulator::wgmma_wait(kPending, where);
}

// Registers stay where they are.
template <int kCount>
void wgmma_hold(float (&)[kCount]) {}

constexpr bool is_wgmma_width(int n) {
  return n == 8 || n == 16 || n == 32 || n == 64 || n == 96 || n == 128 || n == 192 || n == 256;
}

template <MatrixType kType, Major kA, Major kB, int kCount>
void wgmma(float (&d)[kCount], uint64_t a, uint64_t b, bool accumulate,
           const std::source_location& where = std::source_location::current()) {
  static_assert(is_wgmma_width(2 * kCount));
  static_assert(kType != MatrixType::kTf32 || (kA == Major::kK && kB == Major::kK));
  emulator::wgmma({kType, 2 * kCount, false, kA == Major::kMN, kB == Major::kMN, accumulate, a, b},
                  d, nullptr, where);
}

template <MatrixType kType, Major kB, int kCount>
void wgmma(float (&d)[kCount], const uint32_t (&a)[4], uint64_t b, bool accumulate,
           const std::source_location& where = std::source_location::current()) {
  static_assert(is_wgmma_width(2 * kCount));
  static_assert(kType != MatrixType::kTf32 || kB == Major::kK);
  emulator::wgmma({kType, 2 * kCount, true, false, kB == Major::kMN, accumulate, 0, b}, d, a,
                  where);
}

}  // namespace ptx
