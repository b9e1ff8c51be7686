// grid_dependency.cuh - a kernel that starts before the one before it in the stream has ended
// (sm_90): simt::Launch::overlaps_previous. Both do nothing in a kernel that was launched without.
#pragma once

#include <cuda_runtime.h>

namespace ptx {

// Until the kernels before have ended and what they wrote is known. Nothing that they read or write
// may be touched before.
__device__ __forceinline__ void grid_dependency_wait() {
  asm volatile("griddepcontrol.wait;" ::: "memory");
}

// The next kernel may start once all blocks have called this or returned.
__device__ __forceinline__ void grid_dependency_launch() {
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
}

}  // namespace ptx
