// mse.cuh - mean squared error, optionally of a sigmoid, value and gradient in one pass.
//   loss = mean (y - t)^2,  y = x or sigmoid(x)
//   grad_x = 2 (y - t) g / count, times y (1 - y) with the sigmoid
// A block owns kChunk neighbouring elements, reads x and t once and writes grad_x: 12 bytes and
// about 10 FLOPs per element. It leaves the sum of its squares in partial[block]; a second launch
// of one block adds these up in a fixed order.
#pragma once

#include <device/math.cuh>
#include <device/reduce.cuh>

#include "kernels/args.hpp"

namespace sslcuda::cuda {

struct MseTile {
  static constexpr int kThreads = 256;
  static constexpr int64_t kChunk = 4096;
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) mse_kernel(const MseArgs a, float* partial) {
  const float scale = 2.0f * load_or(a.grad_loss, 1.0f) / static_cast<float>(a.count);
  const int64_t begin = blockIdx.x * Tile::kChunk;
  const int64_t end = min(begin + Tile::kChunk, a.count);
  float sum = 0.0f;
  for (int64_t i = begin + threadIdx.x; i < end; i += Tile::kThreads) {
    const float y = a.sigmoid ? sigmoid(a.x[i]) : a.x[i];
    const float difference = y - a.target[i];
    sum += difference * difference;
    if (a.grad_x) a.grad_x[i] = scale * difference * (a.sigmoid ? y * (1.0f - y) : 1.0f);
  }
  if (!a.loss) return;
  sum = block_reduce(simt::shared<BlockReduceSmem>(), sum, Sum{});
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

}  // namespace sslcuda::cuda
