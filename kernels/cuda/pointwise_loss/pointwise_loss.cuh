// pointwise_loss.cuh - the mean of a loss of one value and its target, value and gradient in one
// pass.
// A block owns kChunk neighbouring elements, reads x and t once and writes grad_x: 12 bytes and
// about 10 FLOPs per element. It leaves the sum of its terms in partial[block]; a second launch
// of one block adds these up in a fixed order.
#pragma once

#include <device/math.cuh>
#include <device/reduce.cuh>

#include "kernels/args_layers.hpp"

namespace sslcuda::cuda {

struct PointwiseLossTile {
  static constexpr int kThreads = 256;
  static constexpr int64_t kChunk = 4096;
};

// A loss at one place and its derivative there.
struct LossTerm {
  float loss, slope;
};

// (y - t)^2 of y = x or sigmoid(x)
template <bool kSigmoid>
struct SquareLoss {
  __device__ LossTerm operator()(float x, float t) const {
    const float y = kSigmoid ? sigmoid(x) : x, difference = y - t;
    return {difference * difference, 2.0f * difference * (kSigmoid ? y * (1.0f - y) : 1.0f)};
  }
};

// softplus(x) - t x, in which the large parts cancel first
struct BinaryCrossEntropyLoss {
  __device__ LossTerm operator()(float x, float t) const {
    const float large = x < 0.0f ? 0.0f : x;  // keeps NaN
    return {large - t * x + log1pf(expf(-fabsf(x))), sigmoid(x) - t};
  }
};

template <class Tile, class Loss>
__global__ void __launch_bounds__(Tile::kThreads)
    pointwise_loss_kernel(const PointwiseLossArgs a, float* partial) {
  const float scale = load_or(a.grad_loss, 1.0f) / static_cast<float>(a.count);
  const int64_t begin = blockIdx.x * Tile::kChunk;
  const int64_t end = min(begin + Tile::kChunk, a.count);
  float sum = 0.0f;
  for (int64_t i = begin + threadIdx.x; i < end; i += Tile::kThreads) {
    const LossTerm term = Loss{}(a.x[i], a.target[i]);
    sum += term.loss;
    if (a.grad_x) a.grad_x[i] = scale * term.slope;
  }
  if (!a.loss) return;
  sum = block_reduce(simt::shared<BlockReduceSmem>(), sum, Sum{});
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

}  // namespace sslcuda::cuda
