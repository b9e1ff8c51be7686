// conv2d_factors.hpp - the axes and factors of a convolution, forward and backward.
#pragma once

#include "kernels/cuda/conv2d/conv2d_axis.cuh"

namespace sslcuda::cuda {

inline int64_t taps_of(const Conv2dShape& s) { return s.c * s.kernel_h * s.kernel_w; }
inline int64_t output_pixels(const Conv2dShape& s) { return s.n * s.out_h * s.out_w; }

// [planes, height, width] one behind the other, planes outer_step apart.
template <class Index>
Conv2dAxis<Index> planes_axis(int64_t planes, int64_t height, int64_t width, int64_t outer_step) {
  return {.count = planes * height * width,
          .middle = static_cast<Index>(height),
          .inner = static_cast<Index>(width),
          .outer_step = outer_step,
          .line = width,
          .scale_h = 1,
          .scale_w = 1,
          .shift_h = 0,
          .shift_w = 0};
}

// Channels, outer_step apart.
template <class Index>
Conv2dAxis<Index> channel_axis(int64_t channels, int64_t outer_step) {
  return planes_axis<Index>(channels, 1, 1, outer_step);
}

// x: pixels of y meet taps.
template <class Index>
Conv2dFactor<Index> input_factor(const Conv2dShape& s, const float* x) {
  Conv2dAxis<Index> pixels = planes_axis<Index>(s.n, s.out_h, s.out_w, s.c * s.h * s.w);
  Conv2dAxis<Index> taps = planes_axis<Index>(s.c, s.kernel_h, s.kernel_w, s.h * s.w);
  pixels.line = taps.line = s.w;
  pixels.scale_h = static_cast<Index>(s.stride_h);
  pixels.scale_w = static_cast<Index>(s.stride_w);
  pixels.shift_h = static_cast<Index>(-s.pad_h);
  pixels.shift_w = static_cast<Index>(-s.pad_w);
  taps.scale_h = static_cast<Index>(s.dilation_h);
  taps.scale_w = static_cast<Index>(s.dilation_w);
  return {x, nullptr, pixels, taps, static_cast<Index>(s.h), static_cast<Index>(s.w)};
}

// The gradient of y: pixels of x meet taps.
template <class Index>
Conv2dFactor<Index> gradient_factor(const Conv2dBackwardArgs& a) {
  const Conv2dShape& s = a.shape;
  const int64_t area = s.out_h * s.out_w;
  Conv2dAxis<Index> pixels = planes_axis<Index>(s.n, s.h, s.w, s.out * area);
  Conv2dAxis<Index> taps = planes_axis<Index>(s.out, s.kernel_h, s.kernel_w, area);
  pixels.line = taps.line = s.out_w;
  pixels.shift_h = static_cast<Index>(s.pad_h);
  pixels.shift_w = static_cast<Index>(s.pad_w);
  taps.scale_h = static_cast<Index>(s.dilation_h);
  taps.scale_w = static_cast<Index>(s.dilation_w);
  pixels.divide_h = taps.divide_h = static_cast<Index>(s.stride_h);
  pixels.divide_w = taps.divide_w = static_cast<Index>(s.stride_w);
  taps.sign = -1;
  return {a.grad_y, a.y, pixels, taps, static_cast<Index>(s.out_h), static_cast<Index>(s.out_w)};
}

}  // namespace sslcuda::cuda
