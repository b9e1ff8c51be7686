// lse_merge.cuh - merged = log(exp(one) + exp(other)), 12 bytes per element.
#pragma once

#include <device/simt.cuh>

#include "kernels/args.hpp"

namespace sslcuda::cuda {

struct LseMergeTile {
  static constexpr int kThreads = 256;
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) lse_merge_kernel(const LseMergeArgs a) {
  const int64_t step = int64_t{gridDim.x} * Tile::kThreads;
  for (int64_t i = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x; i < a.count; i += step) {
    const float one = a.one[i], other = a.other[i];
    // Two equal infinities have a distance of 0, not NaN.
    const float distance = one == other ? 0.0f : fabsf(one - other);
    a.merged[i] = (one > other ? one : other) + log1pf(expf(-distance));
  }
}

}  // namespace sslcuda::cuda
