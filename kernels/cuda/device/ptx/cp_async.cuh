// cp_async.cuh - copies of 4, 8 or 16 bytes from device to shared memory that do not pass through
// registers (sm_80). A thread commits its copies in groups and waits for all but the latest ones;
// other threads see them after a barrier.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace ptx {

// Both sides are aligned to kBytes. Of them, only `source_bytes` are read; the rest becomes zero.
template <int kBytes>
__device__ __forceinline__ void cp_async(uint32_t to, const void* from, int source_bytes = kBytes) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
                 "r"(source_bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"(to), "l"(from),
                 "r"(source_bytes), "n"(kBytes)
                 : "memory");
  }
}

__device__ __forceinline__ void cp_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

// For all groups of this thread but the kPending latest.
template <int kPending>
__device__ __forceinline__ void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace ptx
