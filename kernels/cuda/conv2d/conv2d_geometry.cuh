// conv2d_geometry.cuh - convolution and its transpose as one pattern: every pixel of the result
// gathers from a source through taps (source channel, kernel row, kernel column).
//   forward   result y, source x:       source row = p stride - pad + r dilation
//   backward  result grad_x, source g:  source row = (p + pad - r dilation) / stride, where whole
#pragma once

#include <device/math.cuh>

namespace sslcuda::cuda {

// A position in the kernel window of one source channel.
struct Conv2dTap {
  int64_t channel, row, column;
};

__device__ __forceinline__ Conv2dTap conv2d_tap(const Conv2dShape& s, int64_t index) {
  const int64_t window = s.kernel_h * s.kernel_w, place = index % window;
  return {index / window, place / s.kernel_w, place % s.kernel_w};
}

// weight is [out, c, kernel_h, kernel_w].
__device__ __forceinline__ int64_t conv2d_weight_index(const Conv2dShape& s, int64_t out, int64_t c,
                                                       const Conv2dTap& tap) {
  return ((out * s.c + c) * s.kernel_h + tap.row) * s.kernel_w + tap.column;
}

struct Conv2dForwardGather {
  Conv2dForwardArgs a;

  __device__ int64_t channels() const { return a.shape.out; }
  __device__ int64_t height() const { return a.shape.out_h; }
  __device__ int64_t width() const { return a.shape.out_w; }
  __device__ int64_t source_channels() const { return a.shape.c; }
  __device__ int64_t source_height() const { return a.shape.h; }
  __device__ int64_t source_width() const { return a.shape.w; }
  __device__ float* result() const { return a.y; }

  __device__ float weight(int64_t channel, const Conv2dTap& tap) const {
    return a.weight[conv2d_weight_index(a.shape, channel, tap.channel, tap)];
  }
  // -1 where the tap has no source row
  __device__ int64_t source_row(int64_t p, int64_t r) const {
    const int64_t row = p * a.shape.stride_h - a.shape.pad_h + r * a.shape.dilation_h;
    return row < a.shape.h ? row : -1;
  }
  __device__ int64_t source_column(int64_t q, int64_t r) const {
    const int64_t column = q * a.shape.stride_w - a.shape.pad_w + r * a.shape.dilation_w;
    return column < a.shape.w ? column : -1;
  }
  __device__ float source(int64_t i) const { return a.x[i]; }
  __device__ float finish(int64_t channel, float sum) const {
    return activate(a.activation, a.bias ? sum + a.bias[channel] : sum);
  }
};

struct Conv2dBackwardGather {
  Conv2dBackwardArgs a;

  __device__ int64_t channels() const { return a.shape.c; }
  __device__ int64_t height() const { return a.shape.h; }
  __device__ int64_t width() const { return a.shape.w; }
  __device__ int64_t source_channels() const { return a.shape.out; }
  __device__ int64_t source_height() const { return a.shape.out_h; }
  __device__ int64_t source_width() const { return a.shape.out_w; }
  __device__ float* result() const { return a.grad_x; }

  __device__ float weight(int64_t channel, const Conv2dTap& tap) const {
    return a.weight[conv2d_weight_index(a.shape, tap.channel, channel, tap)];
  }
  __device__ int64_t source_row(int64_t p, int64_t r) const {
    const int64_t scaled = p + a.shape.pad_h - r * a.shape.dilation_h;
    return unscale(scaled, a.shape.stride_h, a.shape.out_h);
  }
  __device__ int64_t source_column(int64_t q, int64_t r) const {
    const int64_t scaled = q + a.shape.pad_w - r * a.shape.dilation_w;
    return unscale(scaled, a.shape.stride_w, a.shape.out_w);
  }
  __device__ float source(int64_t i) const {
    return activation_gradient(a.activation, a.y, a.grad_y, i);
  }
  __device__ float finish(int64_t, float sum) const { return sum; }

 private:
  __device__ static int64_t unscale(int64_t scaled, int64_t stride, int64_t extent) {
    if (stride == 1) return scaled < extent ? scaled : -1;
    if (scaled < 0 || scaled % stride != 0 || scaled / stride >= extent) return -1;
    return scaled / stride;
  }
};

}  // namespace sslcuda::cuda
