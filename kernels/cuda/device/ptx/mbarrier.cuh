// mbarrier.cuh - barriers that are 8 bytes of shared memory, 8-byte aligned (sm_90). A phase is
// over when `count` arrivals have come and all bytes that were announced have been written. Phases
// alternate between parity 0, the first, and 1: a wait names the phase it waits for, and one for
// the phase before the present returns at once.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace ptx {

// By one thread; a barrier of the block comes between this and any use.
__device__ __forceinline__ void mbarrier_init(uint32_t mbarrier, uint32_t count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(mbarrier), "r"(count) : "memory");
}

// After it the memory may be used for something else.
__device__ __forceinline__ void mbarrier_invalidate(uint32_t mbarrier) {
  asm volatile("mbarrier.inval.shared::cta.b64 [%0];" ::"r"(mbarrier) : "memory");
}

// Makes initialised barriers known to the cluster and to copies that complete on them.
__device__ __forceinline__ void fence_mbarrier_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ __forceinline__ void mbarrier_arrive(uint32_t mbarrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(mbarrier) : "memory");
}

// At the barrier of any block of the cluster, by its address from map_to_rank().
__device__ __forceinline__ void mbarrier_arrive_cluster(uint32_t mbarrier) {
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(mbarrier)
               : "memory");
}

// The same by a thread that has only read: nothing that it has written is made known but within its
// block, which takes no fence of the whole GPU. (.relaxed.cluster says so too, but is not known to
// all of CUDA 12.)
__device__ __forceinline__ void mbarrier_arrive_cluster_relaxed(uint32_t mbarrier) {
  asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(mbarrier) : "memory");
}

// Announces bytes, and arrives.
__device__ __forceinline__ void mbarrier_arrive_expect(uint32_t mbarrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(mbarrier), "r"(bytes)
               : "memory");
}

// Announces bytes.
__device__ __forceinline__ void mbarrier_expect(uint32_t mbarrier, uint32_t bytes) {
  asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(mbarrier),
               "r"(bytes)
               : "memory");
}

// Is the phase over?
__device__ __forceinline__ bool mbarrier_test_wait(uint32_t mbarrier, uint32_t parity) {
  uint32_t over;
  asm volatile(
      "{\n"
      ".reg .pred p;\n"
      "mbarrier.test_wait.parity.shared::cta.b64 p, [%1], %2;\n"
      "selp.u32 %0, 1, 0, p;\n"
      "}"
      : "=r"(over)
      : "r"(mbarrier), "r"(parity)
      : "memory");
  return over != 0;
}

// The same, but it waits for a time that the hardware chooses before it says no.
__device__ __forceinline__ bool mbarrier_try_wait(uint32_t mbarrier, uint32_t parity) {
  uint32_t over;
  asm volatile(
      "{\n"
      ".reg .pred p;\n"
      "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
      "selp.u32 %0, 1, 0, p;\n"
      "}"
      : "=r"(over)
      : "r"(mbarrier), "r"(parity)
      : "memory");
  return over != 0;
}

// Waits. A phase that never ends is an error of the launch, not a GPU that hangs.
__device__ __forceinline__ void mbarrier_wait(uint32_t mbarrier, uint32_t parity) {
  constexpr uint32_t kTries = 1u << 26;
  for (uint32_t i = 0; !mbarrier_try_wait(mbarrier, parity); ++i) {
    if (i == kTries) __trap();
  }
}

}  // namespace ptx
