// pointwise_loss.cuh - the mean of a loss of one value and its target, value and gradient in one
// pass.
// A block owns neighbouring elements, reads x and t once and writes grad_x, 16 bytes at a time
// where they are aligned to that: 12 bytes and about 10 FLOPs per element. It leaves the sum of its
// terms in partial[block]; a second launch of one block adds these up in a fixed order.
#pragma once

#include <device/math.cuh>
#include <device/reduce.cuh>
#include <device/vector.cuh>

#include "kernels/args_layers.hpp"

namespace sslcuda::cuda {

struct PointwiseLossTile {
  static constexpr int kThreads = 256;
  // Left to itself, the compiler makes room for more blocks, and spills.
  static constexpr int kBlocksPerSm = 4;
  static constexpr int kVector = 4;  // elements of a thread that are neighbours
  // Elements of a block. Few, so that a small problem is spread over the GPU and no thread waits
  // for memory twice; of many elements more, so that there are few partial sums.
  static constexpr int64_t kStep = kThreads * kVector, kFew = int64_t{1} << 20;
  static constexpr int64_t chunk(int64_t count) { return count < kFew ? kStep : 4 * kStep; }
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

// Adds the terms of kCount neighbours from place i on.
template <int kCount, class Loss>
__device__ __forceinline__ void add_losses(const PointwiseLossArgs& a, int64_t i, float scale,
                                           float& sum) {
  const Vector<float, kCount> x = vector_at<kCount>(a.x + i);
  const Vector<float, kCount> t = vector_at<kCount>(a.target + i);
  Vector<float, kCount> slope;
#pragma unroll
  for (int e = 0; e < kCount; ++e) {
    const LossTerm term = Loss{}(x.at[e], t.at[e]);
    sum += term.loss;
    slope.at[e] = scale * term.slope;
  }
  if (a.grad_x) vector_at<kCount>(a.grad_x + i) = slope;
}

template <class Tile, class Loss>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocksPerSm)
    pointwise_loss_kernel(const PointwiseLossArgs a, int64_t chunk, float* partial) {
  constexpr int kVector = Tile::kVector;
  const float scale = load_or(a.grad_loss, 1.0f) / static_cast<float>(a.count);
  const bool aligned = lie_in_vectors<kVector>(a.x, a.target, a.grad_x);
  const int64_t begin = blockIdx.x * chunk, end = min(begin + chunk, a.count);
  float sum = 0.0f;
  for (int64_t i = begin + kVector * threadIdx.x; i < end; i += Tile::kStep) {
    if (aligned && i + kVector <= end) {
      add_losses<kVector, Loss>(a, i, scale, sum);
    } else {
      for (int64_t j = i; j < min(i + kVector, end); ++j) add_losses<1, Loss>(a, j, scale, sum);
    }
  }
  if (!a.loss) return;
  sum = block_reduce(simt::shared<BlockReduceSmem>(), sum, Sum{});
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

}  // namespace sslcuda::cuda
