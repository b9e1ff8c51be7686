// simt.cuh - the emulator's side of the seam in kernels/cuda/device/simt.cuh: shared memory of the
// emulated block, and launches that run on the CPU.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "tests/emulator/launch.hpp"

namespace simt {

constexpr size_t kMinAlignment = 16, kMaxAlignment = 1024;

template <class Smem>
Smem& shared(const std::source_location& where = std::source_location::current()) {
  static_assert(alignof(Smem) <= kMaxAlignment);
  constexpr size_t kAlignment = alignof(Smem) < kMinAlignment ? kMinAlignment : alignof(Smem);
  return *static_cast<Smem*>(emulator::shared_memory(sizeof(Smem), kAlignment, where));
}

inline void grid_sync(const std::source_location& where = std::source_location::current()) {
  emulator::grid_sync(where);
}

struct Launch {
  dim3 grid, block;
  size_t shared_bytes;
  cudaStream_t stream;
  dim3 cluster = dim3(1);
  bool cooperative = false;
  bool overlaps_previous = false;  // has no effect: launches run one after another
};

template <class... Params, class... Args>
cudaError_t launch(void (*kernel)(Params...), const Launch& launch, const Args&... args) {
  const std::tuple<Params...> params(static_cast<Params>(args)...);
  return emulator::submit(
      launch.stream, emulator::Launch{reinterpret_cast<const void*>(kernel), launch.grid,
                                      launch.block, launch.cluster, launch.shared_bytes,
                                      launch.cooperative, [=] { std::apply(kernel, params); }});
}

}  // namespace simt
