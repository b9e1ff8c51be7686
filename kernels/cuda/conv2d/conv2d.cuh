// conv2d.cuh - direct convolution, forward and with respect to x, bias and activation fused.
// A thread owns one pixel of the result in Tile::kChannels channels: each source value it reads,
// from cache, meets kChannels weights. With few source channels it is bound by writing the result:
// 4 bytes per value.
#pragma once

#include <device/launch.hpp>

#include "kernels/cuda/conv2d/conv2d_axis.cuh"

namespace sslcuda::cuda {

// source: pixels of the result meet taps.
struct Conv2dSum {
  Conv2dFactor<int64_t> source;
  const float* weight;
  int64_t channel_step;  // between weights of neighbouring channels of the result
  int64_t plane_step;    // and of the source
  Conv2dResult result;
};

template <class Tile>
struct Conv2dSmem {
  alignas(16) Conv2dPlace<int64_t> tap[Tile::kTaps];
  alignas(16) float weight[Tile::kTaps][Tile::kChannels];
};

// Taps first_tap, first_tap + 1 ... and their weights for kChannels channels; zero beyond the last.
template <class Tile>
__device__ __forceinline__ void stage_taps(Conv2dSmem<Tile>& smem, const Conv2dSum& p,
                                           int64_t first_channel, int64_t first_tap, int taps) {
  const Conv2dAxis<int64_t>& axis = p.source.depth;
  for (int i = threadIdx.x; i < taps * Tile::kChannels; i += Tile::kThreads) {
    const int t = i / Tile::kChannels, c = i % Tile::kChannels;
    const Conv2dDigits<int64_t> tap(axis, first_tap + t);
    const int64_t channel = first_channel + c;
    const int64_t window = tap.middle * axis.inner + tap.inner;
    smem.weight[t][c] = channel < p.result.channels
                            ? p.weight[channel * p.channel_step + tap.outer * p.plane_step + window]
                            : 0.0f;
    if (c == 0) smem.tap[t] = {axis, tap};
  }
}

// grid: blocks of pixels, for each of these all groups of channels
template <class Tile, bool kMasked>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocksPerSm)
    conv2d_kernel(const __grid_constant__ Conv2dSum p) {
  auto& smem = simt::shared<Conv2dSmem<Tile>>();
  const int64_t groups = ceil_div(p.result.channels, Tile::kChannels);
  const int64_t first_channel = blockIdx.x % groups * Tile::kChannels;
  const int64_t pixel = blockIdx.x / groups * Tile::kThreads + threadIdx.x;
  const bool active = pixel < p.source.extent.count;
  const Conv2dPlace<int64_t> place(p.source.extent, {p.source.extent, pixel});
  const int64_t taps = p.source.depth.count;

  float sum[Tile::kChannels] = {};
  for (int64_t first_tap = 0; first_tap < taps; first_tap += Tile::kTaps) {
    const int count = static_cast<int>(min(taps - first_tap, int64_t{Tile::kTaps}));
    __syncthreads();  // the taps before are done with
    stage_taps(smem, p, first_channel, first_tap, count);
    __syncthreads();
    for (int t = 0; active && t < count; ++t) {
      const Conv2dPlace<int64_t> tap = smem.tap[t];
      if (!place.meets(tap, p.source)) continue;
      const float value = element_of<kMasked>(p.source, place.offset + tap.offset);
#pragma unroll
      for (int c = 0; c < Tile::kChannels; ++c) sum[c] += value * smem.weight[t][c];
    }
  }
  if (!active) return;
  float* const result = p.result.at(pixel);
#pragma unroll
  for (int c = 0; c < Tile::kChannels; ++c) {
    const int64_t channel = first_channel + c;
    if (channel >= p.result.channels) break;
    result[channel * p.result.area] = p.result.finish(sum[c], channel);
  }
}

}  // namespace sslcuda::cuda
