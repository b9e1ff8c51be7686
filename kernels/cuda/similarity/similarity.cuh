// similarity.cuh - row_dot[i] = <x[i], y[i]>, the share of row i in -tau grad_tau. A warp per row,
// 8 bytes per element.
#pragma once

#include <device/reduce.cuh>

namespace sslcuda::cuda {

struct RowDotTile {
  static constexpr int kThreads = 256;
  static constexpr int kRows = kThreads / kWarp;
};

struct RowDot {
  int64_t n, d;
  const float* x;
  int64_t ldx;
  const float* y;
  int64_t ldy;
  float* dot;  // [n]
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) row_dot_kernel(const RowDot a) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t step = int64_t{gridDim.x} * Tile::kRows;
  for (int64_t i = int64_t{blockIdx.x} * Tile::kRows + warp; i < a.n; i += step) {
    float sum = 0.0f;
    for (int64_t k = lane; k < a.d; k += kWarp) sum += a.x[i * a.ldx + k] * a.y[i * a.ldy + k];
    sum = warp_reduce(sum, Sum{});
    if (lane == 0) a.dot[i] = sum;
  }
}

}  // namespace sslcuda::cuda
