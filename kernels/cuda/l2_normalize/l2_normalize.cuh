// l2_normalize.cuh - y = x / |x| by rows and its gradient (grad_y - y <y, grad_y>) / |x|.
// A block owns a row. Squares are summed after division by the row's largest |x|, so that norms
// from 1e-30 to 1e30 neither overflow nor vanish. Forward 8 bytes per element, backward 12; the
// second read of a row comes from cache.
#pragma once

#include <device/reduce.cuh>

#include "kernels/cuda/l2_normalize/l2_normalize.hpp"

namespace sslcuda::cuda {

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    l2_normalize_forward_kernel(const NormalizeRows a) {
  auto& smem = simt::shared<BlockReduceSmem>();
  for (int64_t i = blockIdx.x; i < a.n; i += gridDim.x) {
    const float* const x = a.x + i * a.ldx;
    float* const y = a.y + i * a.ldy;
    float largest = 0.0f, squares = 0.0f;
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) {
      largest = Max{}(largest, fabsf(x[k]));
    }
    largest = block_reduce(smem, largest, Max{});
    // 0, infinity and NaN cannot be divided out; their rows follow the formula as they are
    const float scale = largest > 0.0f && largest < INFINITY ? largest : 1.0f;
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) {
      const float scaled = x[k] / scale;
      squares += scaled * scaled;
    }
    const float norm = sqrtf(block_reduce(smem, squares, Sum{}));  // of x / scale
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) {
      y[k] = norm == 0.0f ? 0.0f : x[k] / scale / norm;
    }
    if (threadIdx.x == 0 && a.norms) a.norms[i] = scale * norm;
  }
}

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    l2_normalize_backward_kernel(const NormalizeRowsBackward a) {
  auto& smem = simt::shared<BlockReduceSmem>();
  for (int64_t i = blockIdx.x; i < a.n; i += gridDim.x) {
    const float* const y = a.y + i * a.ldy;
    const float* const grad_y = a.grad_y + i * a.ldg;
    float* const grad_x = a.grad_x + i * a.ldg;
    float dot = 0.0f;
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) dot += y[k] * grad_y[k];
    dot = block_reduce(smem, dot, Sum{});
    const float norm = a.norms[i];
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) {
      grad_x[k] = norm == 0.0f ? 0.0f : (grad_y[k] - y[k] * dot) / norm;
    }
  }
}

}  // namespace sslcuda::cuda
