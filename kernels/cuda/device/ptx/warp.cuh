// warp.cuh - one lane for all, and reductions of 32-bit integers over a warp (sm_80).
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace ptx {

// True for one lane of a whole warp (sm_90).
__device__ __forceinline__ bool elect() {
  uint32_t elected;
  asm volatile(
      "{\n"
      ".reg .pred p;\n"
      "elect.sync _|p, 0xffffffff;\n"
      "selp.u32 %0, 1, 0, p;\n"
      "}"
      : "=r"(elected));
  return elected != 0;
}

__device__ __forceinline__ uint32_t reduce_add(unsigned mask, uint32_t value) {
  return __reduce_add_sync(mask, value);
}

__device__ __forceinline__ int32_t reduce_min(unsigned mask, int32_t value) {
  return __reduce_min_sync(mask, value);
}

__device__ __forceinline__ uint32_t reduce_min(unsigned mask, uint32_t value) {
  return __reduce_min_sync(mask, value);
}

__device__ __forceinline__ int32_t reduce_max(unsigned mask, int32_t value) {
  return __reduce_max_sync(mask, value);
}

__device__ __forceinline__ uint32_t reduce_max(unsigned mask, uint32_t value) {
  return __reduce_max_sync(mask, value);
}

__device__ __forceinline__ uint32_t reduce_and(unsigned mask, uint32_t value) {
  return __reduce_and_sync(mask, value);
}

__device__ __forceinline__ uint32_t reduce_or(unsigned mask, uint32_t value) {
  return __reduce_or_sync(mask, value);
}

__device__ __forceinline__ uint32_t reduce_xor(unsigned mask, uint32_t value) {
  return __reduce_xor_sync(mask, value);
}

}  // namespace ptx
