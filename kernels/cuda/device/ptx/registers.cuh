// registers.cuh - how many registers each thread of a warpgroup has (sm_90a): those that need few
// give some back, those that need many then take them. All warps of the warpgroup call the same
// one. The kernel's launch bounds fix the number at its start, where they leave less than inc asks
// for: 65536 / threads, a multiple of 8. Nobody gives more. kCount is a multiple of 8, 24 to 256.
#pragma once

#include <cuda_runtime.h>

namespace ptx {

template <int kCount>
__device__ __forceinline__ void setmaxnreg_dec() {
  static_assert(kCount % 8 == 0 && kCount >= 24 && kCount <= 256);
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kCount));
}

// Waits until there are enough.
template <int kCount>
__device__ __forceinline__ void setmaxnreg_inc() {
  static_assert(kCount % 8 == 0 && kCount >= 24 && kCount <= 256);
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kCount));
}

}  // namespace ptx
