// simt.cuh - the two seams between a kernel and what runs it: shared memory and launches. The
// emulator supplies a file of the same name (docs/adr/0003), so kernel files contain no #ifdef,
// no <<<>>> and no __shared__.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace simt {

// The kernel's shared memory as one named struct, sized at launch. 16-byte aligned.
template <class Smem>
__device__ __forceinline__ Smem& shared() {
  extern __shared__ __align__(16) unsigned char bytes[];
  return *reinterpret_cast<Smem*>(bytes);
}

struct Launch {
  dim3 grid, block;
  size_t shared_bytes;
  cudaStream_t stream;
};

template <class... Params, class... Args>
cudaError_t launch(void (*kernel)(Params...), const Launch& launch, const Args&... args) {
  constexpr size_t kDefaultLimit = 48 * 1024;
  if (launch.shared_bytes > kDefaultLimit) {
    const cudaError_t error = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                                   cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                   static_cast<int>(launch.shared_bytes));
    if (error != cudaSuccess) return error;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = launch.grid;
  config.blockDim = launch.block;
  config.dynamicSmemBytes = launch.shared_bytes;
  config.stream = launch.stream;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...);
}

}  // namespace simt
