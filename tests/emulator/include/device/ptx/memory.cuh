// memory.cuh - the emulator's twin of kernels/cuda/device/ptx/memory.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace ptx {

inline float4 load_once(const float4* from) { return *from; }
inline void store_once(float4* to, const float4& v) { *to = v; }

}  // namespace ptx
