// simt.cuh - the seams between a kernel and what runs it: shared memory, launches, the barrier of a
// grid. The emulator supplies a file of the same name (docs/adr/0003), so kernel files contain no
// #ifdef, no <<<>>> and no __shared__.
#pragma once

#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace simt {

// The kernel's shared memory as one named struct, sized at launch and aligned as the struct asks,
// up to 1024 bytes.
template <class Smem>
__device__ __forceinline__ Smem& shared() {
  extern __shared__ __align__(1024) unsigned char bytes[];
  static_assert(alignof(Smem) <= 1024);
  return *reinterpret_cast<Smem*>(bytes);
}

// All threads of a cooperative launch meet, and know afterwards what any of them wrote before.
__device__ __forceinline__ void grid_sync() { cooperative_groups::this_grid().sync(); }

struct Launch {
  dim3 grid, block;
  size_t shared_bytes;
  cudaStream_t stream;
  dim3 cluster = dim3(1);          // blocks that reach each other's shared memory (sm_90)
  bool cooperative = false;        // all blocks run at once, and may meet in grid_sync()
  bool overlaps_previous = false;  // see device/ptx/grid_dependency.cuh
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
  cudaLaunchAttribute attributes[3];
  config.attrs = attributes;
  const auto add = [&](cudaLaunchAttributeID id) -> cudaLaunchAttributeValue& {
    attributes[config.numAttrs].id = id;
    return attributes[config.numAttrs++].val;
  };
  const dim3& cluster = launch.cluster;
  if (cluster.x * cluster.y * cluster.z > 1) {
    add(cudaLaunchAttributeClusterDimension).clusterDim = {cluster.x, cluster.y, cluster.z};
  }
  if (launch.cooperative) add(cudaLaunchAttributeCooperative).cooperative = 1;
  if (launch.overlaps_previous) {
    add(cudaLaunchAttributeProgrammaticStreamSerialization).programmaticStreamSerializationAllowed =
        1;
  }
  return cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...);
}

}  // namespace simt
