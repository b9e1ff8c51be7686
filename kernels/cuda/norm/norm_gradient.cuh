// norm_gradient.cuh - the gradients of a normalisation. With g = grad_y act'(.), sums over a set
// divided by their number, and r = rstd:
//   grad_x = weight r g - (r sum(weight g) + r^3 (x - mean) sum(weight g (x - mean)))
// Where statistics are per channel, one pass gives the sums of a set and of a channel together.
// Where they are per image, it gives those of every plane, [n, c], of which the others are made.
#pragma once

#include <device/math.cuh>
#include <device/rows.cuh>

#include "kernels/cuda/norm/norm_statistics.cuh"

namespace sslcuda::cuda {

struct GradientSums {
  float sum, product;  // of g; of g (x - mean)
};

__device__ __forceinline__ void merge(GradientSums& one, const GradientSums& other) {
  one.sum += other.sum;
  one.product += other.product;
}

// Of sets that each have a mean, or `sets_per_mean` of which have one.
struct GradientSource {
  using Value = GradientSums;
  const float *x, *y, *grad_y, *mean;
  Activation activation;
  int64_t sets_per_mean;
  __device__ void add(GradientSums& sums, int64_t set, int64_t at) const {
    const float g = activation_gradient(activation, y, grad_y, at);
    merge(sums, {g, g * (x[at] - mean[set / sets_per_mean])});
  }
};

// What of a set goes into grad_x, of sums in which g (x - mean) is multiplied by rstd.
struct SetGradient {
  float *offset, *slope;  // [sets]

  __device__ void store(int64_t set, float rstd, const GradientSums& sums, float count) const {
    offset[set] = rstd * (sums.sum / count);
    slope[set] = rstd * rstd * (sums.product / count);
  }
};

// A channel is a set.
struct BatchGradientSink {
  const float *weight, *rstd;
  float count;
  float *grad_weight, *grad_bias;  // or null
  SetGradient out;
  __device__ void operator()(int64_t channel, int64_t, const GradientSums& sums) const {
    const float w = weight ? weight[channel] : 1.0f, product = rstd[channel] * sums.product;
    if (grad_bias) grad_bias[channel] = sums.sum;
    if (grad_weight) grad_weight[channel] = product;
    out.store(channel, rstd[channel], {w * sums.sum, w * product}, count);
  }
};

// Planes [n, c], each with the rstd of its group.
struct PlaneSink {
  GradientSums* planes;
  const float* rstd;
  int64_t set_channels;
  __device__ void operator()(int64_t plane, int64_t, const GradientSums& sums) const {
    planes[plane] = {sums.sum, rstd[plane / set_channels] * sums.product};
  }
};

// The planes of a group.
struct GroupSource {
  using Value = GradientSums;
  const GradientSums* planes;  // [n, c]
  const float* weight;
  int64_t c;
  __device__ void add(GradientSums& sums, int64_t, int64_t plane) const {
    const float w = weight ? weight[plane % c] : 1.0f;
    merge(sums, {w * planes[plane].sum, w * planes[plane].product});
  }
};

struct GroupSink {
  const float* rstd;
  float count;
  SetGradient out;
  __device__ void operator()(int64_t set, int64_t, const GradientSums& sums) const {
    out.store(set, rstd[set], sums, count);
  }
};

// The planes of a channel, from a PartialSource.
struct ChannelSink {
  float *grad_weight, *grad_bias;  // or null
  __device__ void operator()(int64_t channel, int64_t, const GradientSums& sums) const {
    if (grad_bias) grad_bias[channel] = sums.sum;
    if (grad_weight) grad_weight[channel] = sums.product;
  }
};

// Blocks take planes as in rows.cuh; x, y and grad_y once, grad_x once. Without training the
// statistics are constants.
template <bool kTraining>
__global__ void __launch_bounds__(RowTile::kThreads)
    norm_gradient_kernel(const NormBackwardArgs a, const SetGradient in, int lanes) {
  const NormShape& s = a.shape;
  const RowShare share = row_share(lanes);
  for (int64_t plane = share.first_row; plane < s.n * s.c; plane += share.row_step) {
    const int64_t channel = plane % s.c;
    const int64_t set = s.per_image() ? plane / s.set_channels() : channel;
    const float scale = (a.weight ? a.weight[channel] : 1.0f) * a.rstd[set];
    const float mean = kTraining ? a.mean[set] : 0.0f;
    const float offset = kTraining ? in.offset[set] : 0.0f;
    const float slope = kTraining ? in.slope[set] : 0.0f;
    for (int64_t k = share.lane; k < s.plane; k += lanes) {
      const int64_t at = plane * s.plane + k;
      const float g = scale * activation_gradient(a.activation, a.y, a.grad_y, at);
      a.grad_x[at] = kTraining ? g - (offset + slope * (a.x[at] - mean)) : g;
    }
  }
}

}  // namespace sslcuda::cuda
