// conv2d_weight.cuh - gradients of a convolution's weight and bias, with g = grad_y act'.
//   grad_weight[o,c,r,s] = sum_{i,p,q} g[i,o,p,q] x[i,c, p stride_h + r dilation_h - pad_h, ...]
//   grad_bias[o]         = sum_{i,p,q} g[i,o,p,q]
// Both leave one row of partial sums per chunk, which column sums then add up in order.
#pragma once

#include <device/launch.hpp>
#include <device/reduce.cuh>

#include "kernels/cuda/conv2d/conv2d_geometry.cuh"

namespace sslcuda::cuda {

template <class Tile>
struct Conv2dWeightSmem {
  Conv2dTap tap[Tile::kTaps];
  // padded: threads of a warp read down the columns
  float g[Tile::kOutputs][Tile::kPixels + 1];
  float x[Tile::kTaps][Tile::kPixels + 1];
};

// An output pixel of one image.
struct OutputPixel {
  int64_t image, p, q;
};

__device__ __forceinline__ OutputPixel output_pixel(const Conv2dShape& s, int64_t pixel) {
  const int64_t area = s.out_h * s.out_w, place = pixel % area;
  return {pixel / area, place / s.out_w, place % s.out_w};
}

// The value of x that a tap meets at an output pixel; zero outside the image.
__device__ __forceinline__ float input_at(const Conv2dBackwardArgs& a, const OutputPixel& pixel,
                                          const Conv2dTap& tap) {
  const Conv2dShape& s = a.shape;
  const int64_t row = pixel.p * s.stride_h + tap.row * s.dilation_h - s.pad_h;
  const int64_t column = pixel.q * s.stride_w + tap.column * s.dilation_w - s.pad_w;
  if (row < 0 || row >= s.h || column < 0 || column >= s.w) return 0.0f;
  return a.x[((pixel.image * s.c + tap.channel) * s.h + row) * s.w + column];
}

__device__ __forceinline__ float output_gradient_at(const Conv2dBackwardArgs& a,
                                                    const OutputPixel& pixel, int64_t channel) {
  const Conv2dShape& s = a.shape;
  const int64_t i = ((pixel.image * s.out + channel) * s.out_h + pixel.p) * s.out_w + pixel.q;
  return activation_gradient(a.activation, a.y, a.grad_y, i);
}

// partial[chunk, out, taps]; grid: chunks, for each of these all tiles of outputs and taps
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    conv2d_weight_kernel(const Conv2dBackwardArgs a, int64_t chunk_pixels, float* partial) {
  auto& smem = simt::shared<Conv2dWeightSmem<Tile>>();
  const Conv2dShape& s = a.shape;
  const int64_t taps = s.c * s.kernel_h * s.kernel_w, pixels = s.n * s.out_h * s.out_w;
  const int64_t tap_tiles = ceil_div(taps, Tile::kTaps);
  const int64_t tiles = ceil_div(s.out, Tile::kOutputs) * tap_tiles;
  const int64_t chunk = blockIdx.x / tiles, tile = blockIdx.x % tiles;
  const int64_t first_output = tile / tap_tiles * Tile::kOutputs;
  const int64_t first_tap = tile % tap_tiles * Tile::kTaps;
  const int64_t end = min(pixels, (chunk + 1) * chunk_pixels);
  const int output = threadIdx.x / Tile::kTaps, tap = threadIdx.x % Tile::kTaps;
  const int lane = threadIdx.x % Tile::kPixels, line = threadIdx.x / Tile::kPixels;
  constexpr int kLines = Tile::kThreads / Tile::kPixels;

  if (threadIdx.x < Tile::kTaps) smem.tap[threadIdx.x] = conv2d_tap(s, first_tap + threadIdx.x);
  __syncthreads();
  float sum = 0.0f;
  for (int64_t first = chunk * chunk_pixels; first < end; first += Tile::kPixels) {
    const bool inside = first + lane < end;
    const OutputPixel pixel = output_pixel(s, first + lane);
    for (int o = line; o < Tile::kOutputs; o += kLines) {
      const bool valid = inside && first_output + o < s.out;
      smem.g[o][lane] = valid ? output_gradient_at(a, pixel, first_output + o) : 0.0f;
    }
    for (int t = line; t < Tile::kTaps; t += kLines) {
      const bool valid = inside && first_tap + t < taps;
      smem.x[t][lane] = valid ? input_at(a, pixel, smem.tap[t]) : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < Tile::kPixels; ++i) sum += smem.g[output][i] * smem.x[tap][i];
    __syncthreads();
  }
  if (first_output + output < s.out && first_tap + tap < taps) {
    partial[(chunk * s.out + first_output + output) * taps + first_tap + tap] = sum;
  }
}

// partial[chunk, out]; grid: chunks, for each of these all channels
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    conv2d_bias_kernel(const Conv2dBackwardArgs a, int64_t chunk_pixels, float* partial) {
  const Conv2dShape& s = a.shape;
  const int64_t channel = blockIdx.x % s.out, chunk = blockIdx.x / s.out;
  const int64_t end = min(s.n * s.out_h * s.out_w, (chunk + 1) * chunk_pixels);
  float sum = 0.0f;
  for (int64_t i = chunk * chunk_pixels + threadIdx.x; i < end; i += Tile::kThreads) {
    sum += output_gradient_at(a, output_pixel(s, i), channel);
  }
  sum = block_reduce(simt::shared<BlockReduceSmem>(), sum, Sum{});
  if (threadIdx.x == 0) partial[chunk * s.out + channel] = sum;
}

}  // namespace sslcuda::cuda
