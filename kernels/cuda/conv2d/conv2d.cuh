// conv2d.cuh - direct convolution, forward and with respect to x, bias and activation fused.
// A thread owns one pixel of the result in Tile::kChannels channels: each source value it reads,
// from cache, meets kChannels weights. With few source channels it is bound by writing the result:
// 4 bytes per value.
#pragma once

#include <device/launch.hpp>

#include "kernels/cuda/conv2d/conv2d_geometry.cuh"

namespace sslcuda::cuda {

template <class Tile>
struct Conv2dSmem {
  Conv2dTap tap[Tile::kTaps];
  float weight[Tile::kTaps][Tile::kChannels];
};

// Taps first_tap, first_tap + 1 ... and their weights for kChannels channels; zero beyond the last.
template <class Tile, class Gather>
__device__ __forceinline__ void stage_taps(Conv2dSmem<Tile>& smem, const Gather& gather,
                                           int64_t first_channel, int64_t first_tap, int taps) {
  for (int i = threadIdx.x; i < taps * Tile::kChannels; i += Tile::kThreads) {
    const int t = i / Tile::kChannels, c = i % Tile::kChannels;
    const Conv2dTap tap = conv2d_tap(gather.a.shape, first_tap + t);
    const int64_t channel = first_channel + c;
    smem.weight[t][c] = channel < gather.channels() ? gather.weight(channel, tap) : 0.0f;
    if (c == 0) smem.tap[t] = tap;
  }
}

// grid: blocks of pixels, for each of these all groups of channels
template <class Tile, class Gather>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocksPerSm)
    conv2d_kernel(const Gather gather) {
  auto& smem = simt::shared<Conv2dSmem<Tile>>();
  const Conv2dShape& shape = gather.a.shape;
  const int64_t channels = gather.channels(), area = gather.height() * gather.width();
  const int64_t groups = ceil_div(channels, Tile::kChannels);
  const int64_t first_channel = blockIdx.x % groups * Tile::kChannels;
  const int64_t pixel = blockIdx.x / groups * Tile::kThreads + threadIdx.x;
  const bool active = pixel < shape.n * area;
  const int64_t image = pixel / area, place = pixel % area;
  const int64_t p = place / gather.width(), q = place % gather.width();
  const int64_t source_channels = gather.source_channels();
  const int64_t taps = source_channels * shape.kernel_h * shape.kernel_w;

  float sum[Tile::kChannels] = {};
  for (int64_t first_tap = 0; first_tap < taps; first_tap += Tile::kTaps) {
    const int count = static_cast<int>(min(taps - first_tap, int64_t{Tile::kTaps}));
    __syncthreads();  // the taps before are done with
    stage_taps(smem, gather, first_channel, first_tap, count);
    __syncthreads();
    for (int t = 0; active && t < count; ++t) {
      const Conv2dTap& tap = smem.tap[t];
      const int64_t row = gather.source_row(p, tap.row);
      const int64_t column = gather.source_column(q, tap.column);
      if (row < 0 || column < 0) continue;
      const int64_t plane = image * source_channels + tap.channel;
      const float value =
          gather.source((plane * gather.source_height() + row) * gather.source_width() + column);
#pragma unroll
      for (int c = 0; c < Tile::kChannels; ++c) sum[c] += value * smem.weight[t][c];
    }
  }
  if (!active) return;
#pragma unroll
  for (int c = 0; c < Tile::kChannels; ++c) {
    const int64_t channel = first_channel + c;
    if (channel >= channels) break;
    gather.result()[(image * channels + channel) * area + place] = gather.finish(channel, sum[c]);
  }
}

}  // namespace sslcuda::cuda
