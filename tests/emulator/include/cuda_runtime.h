// cuda_runtime.h - the CUDA language for an ordinary C++ compiler: keywords, vector types and the
// built-ins that the project's kernels use.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

struct alignas(16) float4 {
  float x, y, z, w;
};

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

// Of the running thread; set whenever another one is resumed.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

template <class T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}

template <class T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}

namespace emulator {

void barrier(const std::source_location& where);
// The value that `source` brings, of the lanes in mask.
uint64_t exchange(unsigned mask, uint64_t value, int source, const std::source_location& where);
int lane();

}  // namespace emulator

inline void __syncthreads(const std::source_location& where = std::source_location::current()) {
  emulator::barrier(where);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask,
                  const std::source_location& where = std::source_location::current()) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = emulator::exchange(mask, bits, emulator::lane() ^ lane_mask, where);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
