// cuda_runtime.h - the CUDA language for an ordinary C++ compiler: keywords, vector types and the
// built-ins that the project's kernels use.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "cuda_runtime_api.h"
#include "tests/emulator/barrier.hpp"
#include "tests/emulator/warp.hpp"

#define __global__
#define __device__
#define __host__
#define __grid_constant__
#ifndef __forceinline__
#define __forceinline__ inline __attribute__((always_inline))
#endif
#define __launch_bounds__(...)

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

struct alignas(8) float2 {
  float x, y;
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

inline void __syncthreads(const std::source_location& where = std::source_location::current()) {
  emulator::syncthreads(where);
}

inline void __syncwarp(unsigned mask = ~0u,
                       const std::source_location& where = std::source_location::current()) {
  emulator::syncwarp(mask, where);
}

// Of the value that lane `source` brings.
template <class T>
T __shfl_sync(unsigned mask, T value, int source,
              const std::source_location& where = std::source_location::current()) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = emulator::shuffle(mask, bits, static_cast<unsigned>(source), where);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask,
                  const std::source_location& where = std::source_location::current()) {
  return __shfl_sync(mask, value, static_cast<int>(emulator::lane()) ^ lane_mask, where);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              const std::source_location& where = std::source_location::current()) {
  return emulator::ballot(mask, predicate != 0, where);
}
