// memory.cuh - 16 bytes of device memory at a time that are used once, so that they take no room in
// the caches from what is used again. 16-byte aligned.
#pragma once

#include <cuda_runtime.h>

namespace ptx {

// Of memory that the kernel does not write.
__device__ __forceinline__ float4 load_once(const float4* from) {
  float4 v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "l"(from));
  return v;
}

__device__ __forceinline__ void store_once(float4* to, const float4& v) {
  asm volatile("st.global.cs.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(v.x), "f"(v.y),
               "f"(v.z), "f"(v.w)
               : "memory");
}

}  // namespace ptx
