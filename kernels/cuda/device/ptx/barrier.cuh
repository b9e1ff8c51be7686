// barrier.cuh - the 16 named barriers of a block, of which __syncthreads() is number 0. `threads`
// is how many take part, waiting or not: a multiple of 32. Whole warps call these.
#pragma once

#include <cuda_runtime.h>

namespace ptx {

__device__ __forceinline__ void barrier_sync(int id, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

// Counts as there, and goes on.
__device__ __forceinline__ void barrier_arrive(int id, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

}  // namespace ptx
