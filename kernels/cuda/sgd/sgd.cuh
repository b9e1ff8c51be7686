// sgd.cuh - one step of SGD over a list of tensors, or of LARS.
//   g = ratio (grad + weight_decay param)      v = momentum v + g
//   param -= lr (nesterov ? g + momentum v : v)
// A block owns kChunk neighbouring elements of one tensor; elements are updated in float32: 12
// bytes each, 20 with momentum. The ratio is 1 but in LARS, which reads param and grad once more to
// find it: a block sums the squares of its chunk, in double, so that no norm overflows or vanishes,
// and then one block per tensor adds these up in a fixed order.
#pragma once

#include <device/reduce.cuh>

#include "kernels/cuda/optimizer/tensor_list.cuh"

namespace sslcuda::cuda {

struct SgdTile {
  static constexpr int kThreads = 256;
  static constexpr int64_t kChunk = 1024;
};

struct SquaresTile {
  static constexpr int kThreads = 256;
  static constexpr int64_t kChunk = 8192;
};

struct Squares {
  double param, grad;
};

using SquaresSmem = BlockReduceSmemOf<double>;

// Every thread gets the sums over the block.
__device__ __forceinline__ Squares block_sum(SquaresSmem& smem, const Squares& squares) {
  return {block_reduce(smem, squares.param, Sum{}), block_reduce(smem, squares.grad, Sum{})};
}

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    squares_kernel(const __grid_constant__ SgdArgs a, Squares* of_chunk) {
  const TensorChunk chunk = chunk_of_block<Tile>(a.list);
  if (!a.adapts(chunk.tensor)) return;
  const OptimizedTensor& tensor = a.list.tensor[chunk.tensor];
  const auto weight_decay = static_cast<float>(a.weight_decay);
  Squares sum{0.0, 0.0};
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += Tile::kThreads) {
    const double p = tensor.param[i], g = tensor.grad[i] + weight_decay * tensor.param[i];
    sum.param += p * p;
    sum.grad += g * g;
  }
  sum = block_sum(simt::shared<SquaresSmem>(), sum);
  if (threadIdx.x == 0) of_chunk[blockIdx.x] = sum;
}

// ratio[t], t = block: trust |param| / |g|
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    trust_ratio_kernel(const __grid_constant__ SgdArgs a, const Squares* of_chunk, float* ratio) {
  const int t = blockIdx.x;
  if (!a.adapts(t)) return;
  for (int before = 0; before < t; ++before) {
    of_chunk += ceil_div(a.list.tensor[before].count, Tile::kChunk);
  }
  const int64_t chunks = ceil_div(a.list.tensor[t].count, Tile::kChunk);
  Squares sum{0.0, 0.0};
  for (int64_t i = threadIdx.x; i < chunks; i += Tile::kThreads) {
    sum.param += of_chunk[i].param;
    sum.grad += of_chunk[i].grad;
  }
  sum = block_sum(simt::shared<SquaresSmem>(), sum);
  if (threadIdx.x != 0) return;
  const bool none = sum.param == 0.0 || sum.grad == 0.0;
  ratio[t] = none ? 1.0f : static_cast<float>(a.trust * sqrt(sum.param) / sqrt(sum.grad));
}

// ratios: by tensor; read for those that are adapted
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    sgd_step_kernel(const __grid_constant__ SgdArgs a, const float* ratios) {
  const TensorChunk chunk = chunk_of_block<Tile>(a.list);
  const OptimizedTensor& tensor = a.list.tensor[chunk.tensor];
  const float ratio = a.adapts(chunk.tensor) ? ratios[chunk.tensor] : 1.0f;
  const float decay = a.decays(chunk.tensor) ? static_cast<float>(a.weight_decay) : 0.0f;
  const auto lr = static_cast<float>(a.lr_device ? *a.lr_device : a.lr);
  const auto momentum = static_cast<float>(a.momentum);
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += Tile::kThreads) {
    const float param = tensor.param[i];
    const float g = ratio * (tensor.grad[i] + decay * param);
    float step = g;
    if (tensor.moment) {
      const float v = momentum * tensor.moment[i] + g;
      tensor.moment[i] = v;
      step = a.nesterov ? g + momentum * v : v;
    }
    tensor.param[i] = param - lr * step;
  }
}

}  // namespace sslcuda::cuda
