// norm_statistics.cuh - mean and variance of sets, and the normalisation with them.
//   y = act(weight (x - mean) rstd + bias)
#pragma once

#include <device/math.cuh>
#include <device/rows.cuh>

#include "kernels/cuda/norm/norm_sets.cuh"

namespace sslcuda::cuda {

// Count, mean and sum of squared deviations from it, of differences to a value near the mean. So
// neither squares nor means of large numbers lose the small differences between them.
struct Moments {
  float count, mean, squares;
};

__device__ __forceinline__ void merge(Moments& one, const Moments& other) {
  if (other.count == 0.0f) return;
  const float count = one.count + other.count, share = other.count / count;
  const float apart = other.mean - one.mean;
  one.squares += other.squares + apart * apart * one.count * share;
  one.mean += apart * share;
  one.count = count;
}

// Of x minus the first element of its set.
struct MomentSource {
  using Value = Moments;
  const float* x;
  int64_t step;  // of the sets
  __device__ void add(Moments& m, int64_t set, int64_t at) const {
    const float value = x[at] - x[set * step];
    const float apart = value - m.mean;
    m.count += 1.0f;
    m.mean += apart / m.count;
    m.squares += apart * (value - m.mean);
  }
};

// What normalisation needs of a set; the true mean is mean + rest.
struct SetStatistics {
  float *mean, *rstd, *rest;  // [sets]
};

__device__ __forceinline__ float inverse_root(float variance, float eps) {
  return 1.0f / sqrtf(variance + eps);
}

// Finishes a set, and moves the running statistics on.
struct StatisticsSink {
  const float* x;
  int64_t step;
  SetStatistics out;
  float eps, momentum;
  float* running_mean;  // or null
  float* running_var;

  __device__ void operator()(int64_t set, int64_t, const Moments& m) const {
    const float shift = x[set * step], mean = shift + m.mean;
    out.mean[set] = mean;
    out.rest[set] = (shift - mean) + m.mean;
    out.rstd[set] = inverse_root(m.squares / m.count, eps);
    if (!running_mean) return;
    const float unbiased = m.squares / (m.count - 1.0f);
    running_mean[set] = (1.0f - momentum) * running_mean[set] + momentum * mean;
    running_var[set] = (1.0f - momentum) * running_var[set] + momentum * unbiased;
  }
};

// The statistics are the running ones.
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    running_statistics_kernel(const NormForwardArgs a, const SetStatistics out) {
  const int64_t step = int64_t{gridDim.x} * Tile::kThreads;
  for (int64_t j = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x; j < a.shape.c; j += step) {
    out.mean[j] = a.running_mean[j];
    out.rstd[j] = inverse_root(a.running_var[j], a.eps);
    out.rest[j] = 0.0f;
  }
}

// Blocks take planes as in rows.cuh; x and y once.
__global__ void __launch_bounds__(RowTile::kThreads)
    normalize_kernel(const NormForwardArgs a, const SetStatistics in, int lanes) {
  const NormShape& s = a.shape;
  const RowShare share = row_share(lanes);
  for (int64_t plane = share.first_row; plane < s.n * s.c; plane += share.row_step) {
    const int64_t channel = plane % s.c;
    const int64_t set = s.per_image() ? plane / s.set_channels() : channel;
    const float mean = in.mean[set], rest = in.rest[set];
    const float scale = (a.weight ? a.weight[channel] : 1.0f) * in.rstd[set];
    const float bias = a.bias ? a.bias[channel] : 0.0f;
    for (int64_t k = share.lane; k < s.plane; k += lanes) {
      const float deviation = (a.x[plane * s.plane + k] - mean) - rest;
      a.y[plane * s.plane + k] = activate(a.activation, deviation * scale + bias);
    }
  }
}

}  // namespace sslcuda::cuda
