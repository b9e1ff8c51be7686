// conv2d_weight.cuh - gradients of a convolution's weight and bias, with g = grad_y act'.
//   grad_weight[o,c,r,s] = sum_{i,p,q} g[i,o,p,q] x[i,c, p stride_h + r dilation_h - pad_h, ...]
//   grad_bias[o]         = sum_{i,p,q} g[i,o,p,q]
// A sum is made of chunks of pixels, which column sums then add up in order. Where both are wanted,
// the bias is one more tap, which meets 1 everywhere, so that g is read once.
#pragma once

#include <device/launch.hpp>
#include <device/reduce.cuh>
#include <device/walk.cuh>

#include "kernels/cuda/conv2d/conv2d_axis.cuh"

namespace sslcuda::cuda {

template <class Tile>
struct Conv2dWeightSmem {
  // Lines end 16 bytes later: reads of 16 bytes by threads with neighbouring lines meet different
  // banks.
  static constexpr int kLine = Tile::kPixels + 4;
  alignas(16) float g[Tile::kOutputs][kLine];
  alignas(16) float x[Tile::kTaps][kLine];
  Conv2dPlace<int64_t> tap[Tile::kTaps];
};

// Sums over pixels, which are x's extent, of products with g.
struct Conv2dWeightSum {
  Conv2dBackwardArgs a;
  Conv2dFactor<int64_t> x;
  int64_t chunk_pixels;
};

// g and x of kPixels pixels from `first` on; zeros from `end` on, and beyond the last channel.
template <class Tile>
__device__ __forceinline__ void stage_pixels(Conv2dWeightSmem<Tile>& smem, const Conv2dWeightSum& p,
                                             int64_t first, int64_t end, int64_t first_output,
                                             int64_t first_tap) {
  constexpr int kLines = Tile::kThreads / Tile::kPixels;
  const Conv2dShape& s = p.a.shape;
  const int lane = threadIdx.x % Tile::kPixels, line = threadIdx.x / Tile::kPixels;
  const int64_t pixel = first + lane, taps = p.x.depth.count, area = s.out_h * s.out_w;
  const bool inside = pixel < end;
  const Conv2dDigits<int64_t> digits(p.x.extent, pixel);
  const Conv2dPlace<int64_t> place(p.x.extent, digits);
  const int64_t output = pixel + digits.outer * (s.out - 1) * area;  // of channel 0
#pragma unroll
  for (int i = 0; i < Tile::kOutputs / kLines; ++i) {
    const int o = line + i * kLines;
    const bool valid = inside && first_output + o < s.out;
    const int64_t at = output + (first_output + o) * area;
    smem.g[o][lane] = valid ? activation_gradient(p.a.activation, p.a.y, p.a.grad_y, at) : 0.0f;
  }
#pragma unroll
  for (int i = 0; i < Tile::kTaps / kLines; ++i) {
    const int t = line + i * kLines;
    const Conv2dPlace<int64_t>& tap = smem.tap[t];
    const bool valid = inside && first_tap + t < taps && place.meets(tap, p.x);
    const float otherwise = first_tap + t == taps ? 1.0f : 0.0f;  // the bias
    smem.x[t][lane] = valid ? p.x.data[place.offset + tap.offset] : otherwise;
  }
}

// The sum over kPixels products, in order.
template <class Tile>
__device__ __forceinline__ float add_pixels(const Conv2dWeightSmem<Tile>& smem, int output, int tap,
                                            float sum) {
#pragma unroll 8
  for (int i = 0; i < Tile::kPixels; i += 4) {
    const float4 g = *reinterpret_cast<const float4*>(&smem.g[output][i]);
    const float4 x = *reinterpret_cast<const float4*>(&smem.x[tap][i]);
    sum += g.x * x.x;
    sum += g.y * x.y;
    sum += g.z * x.z;
    sum += g.w * x.w;
  }
  return sum;
}

// partial[chunk, out, columns], columns: taps, and one for the bias where that is wanted too; grid:
// chunks, for each of these all tiles of outputs and columns
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    conv2d_weight_kernel(const __grid_constant__ Conv2dWeightSum p, float* partial) {
  auto& smem = simt::shared<Conv2dWeightSmem<Tile>>();
  const int64_t out = p.a.shape.out, columns = p.x.depth.count + (p.a.grad_bias ? 1 : 0);
  const int64_t tap_tiles = ceil_div(columns, Tile::kTaps);
  const int64_t tiles = ceil_div(out, Tile::kOutputs) * tap_tiles;
  const int64_t chunk = blockIdx.x / tiles, tile = blockIdx.x % tiles;
  const int64_t first_output = tile / tap_tiles * Tile::kOutputs;
  const int64_t first_tap = tile % tap_tiles * Tile::kTaps;
  const int64_t end = min(p.x.extent.count, (chunk + 1) * p.chunk_pixels);
  const int output = threadIdx.x / Tile::kTaps, tap = threadIdx.x % Tile::kTaps;

  if (threadIdx.x < Tile::kTaps) {
    smem.tap[threadIdx.x] = {p.x.depth, {p.x.depth, first_tap + threadIdx.x}};
  }
  __syncthreads();
  float sum = 0.0f;
  for (int64_t first = chunk * p.chunk_pixels; first < end; first += Tile::kPixels) {
    stage_pixels(smem, p, first, end, first_output, first_tap);
    __syncthreads();
    sum = add_pixels(smem, output, tap, sum);
    __syncthreads();
  }
  if (first_output + output < out && first_tap + tap < columns) {
    partial[(chunk * out + first_output + output) * columns + first_tap + tap] = sum;
  }
}

// Where sums over all chunks go, which are [out, taps and bias].
struct Conv2dGradientSink {
  float *grad_weight, *grad_bias;
  int64_t taps;
  __device__ void operator()(int64_t at, float sum) const {
    const int64_t columns = taps + (grad_bias ? 1 : 0), output = at / columns;
    const int64_t tap = at - output * columns;
    if (tap < taps) {
      grad_weight[output * taps + tap] = sum;
    } else {
      grad_bias[output] = sum;
    }
  }
};

// The bias alone: partial[chunk, out]; grid: chunks, for each of these all channels
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    conv2d_bias_kernel(const Conv2dBackwardArgs a, int64_t chunk_pixels, float* partial) {
  const Conv2dShape& s = a.shape;
  const int64_t channel = blockIdx.x % s.out, chunk = blockIdx.x / s.out;
  const int64_t end = min(s.n * s.out_h * s.out_w, (chunk + 1) * chunk_pixels);
  float sum = 0.0f;
  const int64_t area = s.out_h * s.out_w, first = chunk * chunk_pixels + threadIdx.x;
  Walk walk(first, Tile::kThreads, area);
  for (int64_t i = first; i < end; i += Tile::kThreads, walk.next()) {
    const int64_t plane = walk.row * s.out + channel;
    sum += activation_gradient(a.activation, a.y, a.grad_y, plane * area + walk.column);
  }
  sum = block_reduce(simt::shared<BlockReduceSmem>(), sum, Sum{});
  if (threadIdx.x == 0) partial[chunk * s.out + channel] = sum;
}

}  // namespace sslcuda::cuda
