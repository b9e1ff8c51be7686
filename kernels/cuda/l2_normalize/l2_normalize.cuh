// l2_normalize.cuh - y = x / |x| by rows and its gradient (grad_u - u <u, grad_u>) / |x|.
// A block owns a row. Squares are summed after the row's largest |x| was brought near 1 by a power
// of two, so that norms from 1e-30 to 1e30 neither overflow nor vanish. Forward: x and y once;
// backward: y, grad_u and grad_x once; the second read of a row comes from cache.
#pragma once

#include <device/number.cuh>
#include <device/reduce.cuh>

#include "kernels/cuda/l2_normalize/l2_normalize.hpp"

namespace sslcuda::cuda {

// The power of two that brings x > 0 into [1/2, 1), as far as float32 has it.
__device__ __forceinline__ float scale_to_one(float x) {
  constexpr int kMantissaBits = 23, kLargest = 253;  // biased exponents
  const int exponent = static_cast<int>(std::bit_cast<uint32_t>(x) >> kMantissaBits);
  return std::bit_cast<float>(static_cast<uint32_t>(max(kLargest - exponent, 1)) << kMantissaBits);
}

// x scale has this norm.
struct RowNorm {
  float scale, norm;
};

template <class Tile, class T>
__device__ __forceinline__ RowNorm row_norm(BlockReduceSmem& smem, const T* x, int64_t d) {
  float largest = 0.0f, squares = 0.0f;
  for (int64_t k = threadIdx.x; k < d; k += Tile::kThreads) {
    largest = Max{}(largest, fabsf(to_float(x[k])));
  }
  largest = block_reduce(smem, largest, Max{});
  // rows of zeros, and with infinity or NaN, follow the formula as they are
  const float scale = largest > 0.0f && largest < INFINITY ? scale_to_one(largest) : 1.0f;
  for (int64_t k = threadIdx.x; k < d; k += Tile::kThreads) {
    const float scaled = to_float(x[k]) * scale;
    squares += scaled * scaled;
  }
  return {scale, sqrtf(block_reduce(smem, squares, Sum{}))};
}

template <class Tile, class T>
__global__ void __launch_bounds__(Tile::kThreads)
    l2_normalize_forward_kernel(const NormalizeRows a) {
  auto& smem = simt::shared<BlockReduceSmem>();
  for (int64_t i = blockIdx.x; i < a.n; i += gridDim.x) {
    const T* const x = static_cast<const T*>(a.x) + i * a.ldx;
    T* const y = static_cast<T*>(a.y) + i * a.ldy;
    const auto [scale, norm] = row_norm<Tile>(smem, x, a.d);
    // of the norm, which is 1/2 or more but for the smallest of rows
    const float down = norm >= 1.0f && norm < INFINITY ? scale_to_one(norm) : 1.0f;
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) {
      const float scaled = to_float(x[k]) * scale;
      y[k] = from_float<T>(a.factors ? scaled * down : norm == 0.0f ? 0.0f : scaled / norm);
    }
    if (threadIdx.x != 0) continue;
    if (a.norms) a.norms[i] = norm / scale;
    if (a.scales) a.scales[i] = 1.0f / (scale * down);
    if (a.factors) a.factors[i] = norm == 0.0f ? 0.0f : 1.0f / (norm * down);
  }
}

template <class Tile, class T>
__global__ void __launch_bounds__(Tile::kThreads)
    l2_normalize_backward_kernel(const NormalizeRowsBackward a) {
  auto& smem = simt::shared<BlockReduceSmem>();
  for (int64_t i = blockIdx.x; i < a.n; i += gridDim.x) {
    const T* const y = static_cast<const T*>(a.y) + i * a.ldy;
    const float* const grad_u = a.grad_u + i * a.ldg;
    T* const grad_x = static_cast<T*>(a.grad_x) + i * a.ldx;
    const float factor = a.factors ? a.factors[i] : 1.0f;
    float dot = 0.0f;
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) {
      dot += to_float(y[k]) * factor * grad_u[k];
    }
    dot = block_reduce(smem, dot, Sum{});
    if (threadIdx.x == 0 && a.dots) a.dots[i] = dot;
    if (!a.grad_x) continue;
    const float norm = a.norms ? a.norms[i] : 1.0f;
    for (int64_t k = threadIdx.x; k < a.d; k += Tile::kThreads) {
      const float along = a.norms ? to_float(y[k]) * factor * dot : 0.0f;
      grad_x[k] = from_float<T>(norm == 0.0f ? 0.0f : (grad_u[k] - along) / norm);
    }
  }
}

}  // namespace sslcuda::cuda
