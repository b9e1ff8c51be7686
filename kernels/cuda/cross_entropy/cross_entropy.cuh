// cross_entropy.cuh - softmax cross-entropy of rows of logits, value and gradient.
//   t'[k]       = (1 - e) t[k] + e / v
//   row_loss    = sum_k t'[k] (lse - x[k])
//   grad[k]     = g (p[k] sum_k t'[k] - t'[k]) / n_valid
// A block owns a row. Plain labels: one read for the loss, one read and write for the gradient, the
// second read from cache. Targets and smoothing take one read more.
#pragma once

#include <device/launch.hpp>
#include <device/log_sum_exp.cuh>
#include <device/math.cuh>

namespace sslcuda::cuda {

// n_valid = number of labels that are not ignore_index, by one block.
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    count_valid_kernel(const CrossEntropyArgs a, float* n_valid) {
  float count = 0.0f;
  for (int64_t i = threadIdx.x; i < a.n; i += Tile::kThreads) {
    if (a.labels[i] != a.ignore_index) count += 1.0f;
  }
  count = block_reduce(simt::shared<BlockReduceSmem>(), count, Sum{});
  if (threadIdx.x == 0) *n_valid = count;
}

template <class Tile>
__device__ __forceinline__ void fill_row(float* row, int64_t v, float value) {
  for (int64_t k = threadIdx.x; k < v; k += Tile::kThreads) row[k] = value;
}

// t' of one row. label < 0: from targets.
struct SmoothTarget {
  int64_t label;
  const float* targets;
  float keep, spread;  // 1 - e, e / v

  __device__ __forceinline__ float operator()(int64_t k) const {
    const float t = targets ? targets[k] : k == label ? 1.0f : 0.0f;
    return keep * t + spread;
  }
};

// The sum of t' and the row's loss. Where t' is 0 nothing is added, even to an infinite lse - x.
template <class Tile>
__device__ __forceinline__ void reduce_row(BlockReduceSmem& smem, const SmoothTarget& target,
                                           const LogSumExp& lse, const float* x, int64_t v,
                                           float* total, float* loss) {
  float total_share = 0.0f, loss_share = 0.0f;
  for (int64_t k = threadIdx.x; k < v; k += Tile::kThreads) {
    const float t = target(k);
    if (t == 0.0f) continue;
    total_share += t;
    loss_share += t * lse.minus(x[k]);
  }
  *total = block_reduce(smem, total_share, Sum{});
  *loss = block_reduce(smem, loss_share, Sum{});
}

// n_valid is null where every row counts.
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocksPerSm)
    cross_entropy_kernel(const CrossEntropyArgs a, float* row_loss, const float* n_valid) {
  auto& smem = simt::shared<BlockReduceSmem>();
  for (int64_t i = blockIdx.x; i < a.n; i += gridDim.x) {
    const float* const x = a.logits + i * a.ld;
    float* const grad = a.grad_logits ? a.grad_logits + i * a.ld : nullptr;
    const int64_t label = a.labels ? a.labels[i] : 0;
    const bool ignored = a.labels && label == a.ignore_index;
    if (ignored || label < 0 || label >= a.v) {
      const float value = ignored ? 0.0f : NAN;
      if (threadIdx.x == 0 && row_loss) row_loss[i] = value;
      if (grad) fill_row<Tile>(grad, a.v, value);
      continue;
    }
    const float labelled = x[label];
    LogSumExp share = LogSumExp::of_nothing();
    for (int64_t k = threadIdx.x; k < a.v; k += Tile::kThreads) share.add(x[k]);
    // The reductions also keep threads from overwriting x[label] in place while others read it.
    const LogSumExp lse = block_merge(smem, share);
    const SmoothTarget target{label, a.targets ? a.targets + i * a.ld : nullptr, 1.0f - a.smoothing,
                              a.smoothing / static_cast<float>(a.v)};
    float total = 1.0f, loss = lse.minus(labelled);
    if (a.targets || a.smoothing > 0.0f) {
      reduce_row<Tile>(smem, target, lse, x, a.v, &total, &loss);
    }
    if (threadIdx.x == 0 && row_loss) row_loss[i] = loss;
    if (!grad) continue;
    const float scale = load_or(a.grad_loss, 1.0f) / load_or(n_valid, static_cast<float>(a.n));
    for (int64_t k = threadIdx.x; k < a.v; k += Tile::kThreads) {
      grad[k] = scale * (lse.softmax(x[k]) * total - target(k));
    }
  }
}

}  // namespace sslcuda::cuda
