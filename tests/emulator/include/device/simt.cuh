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

constexpr size_t kSharedAlignment = 16;

template <class Smem>
Smem& shared(const std::source_location& where = std::source_location::current()) {
  static_assert(alignof(Smem) <= kSharedAlignment);
  return *static_cast<Smem*>(emulator::shared_memory(sizeof(Smem), where));
}

struct Launch {
  dim3 grid, block;
  size_t shared_bytes;
  cudaStream_t stream;
};

template <class... Params, class... Args>
cudaError_t launch(void (*kernel)(Params...), const Launch& launch, const Args&... args) {
  const std::tuple<Params...> params(static_cast<Params>(args)...);
  return emulator::submit(
      launch.stream,
      emulator::Launch{reinterpret_cast<const void*>(kernel), launch.grid, launch.block,
                       launch.shared_bytes, [=] { std::apply(kernel, params); }});
}

}  // namespace simt
