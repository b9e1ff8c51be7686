// pool2d.hpp - the largest value or the mean of each window of an image, and the gradient.
#pragma once

#include "sslcuda.h"
#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

struct Pool2dShape {
  int64_t n, c, h, w;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h = 0, pad_w = 0;

  int64_t out_h() const { return (h + 2 * pad_h - kernel_h) / stride_h + 1; }
  int64_t out_w() const { return (w + 2 * pad_w - kernel_w) / stride_w + 1; }
  int64_t x_count() const { return n * c * h * w; }
  int64_t y_count() const { return n * c * out_h() * out_w(); }
};

// The same for the library's calls.
inline sslcuda_pool2d_shape abi_shape(const Pool2dShape& s) {
  return {sizeof(sslcuda_pool2d_shape),
          s.n,
          s.c,
          s.h,
          s.w,
          s.kernel_h,
          s.kernel_w,
          s.stride_h,
          s.stride_w,
          s.pad_h,
          s.pad_w};
}

// The places in x that y[at] is made of, in row-major order; padding has none.
inline std::vector<int64_t> pool2d_window(const Pool2dShape& s, int64_t at) {
  const int64_t q = at % s.out_w(), p = at / s.out_w() % s.out_h();
  const int64_t plane = at / s.out_w() / s.out_h();
  std::vector<int64_t> places;
  for (int64_t r = 0; r < s.kernel_h; ++r) {
    for (int64_t t = 0; t < s.kernel_w; ++t) {
      const int64_t line = p * s.stride_h + r - s.pad_h, column = q * s.stride_w + t - s.pad_w;
      if (line < 0 || line >= s.h || column < 0 || column >= s.w) continue;
      places.push_back((plane * s.h + line) * s.w + column);
    }
  }
  return places;
}

// The first place of the largest value, or of a NaN.
inline int64_t largest_place(const Vector& x, const std::vector<int64_t>& places) {
  int64_t best = places.front();
  for (const int64_t place : places) {
    if (x[place] > x[best] || (std::isnan(x[place]) && !std::isnan(x[best]))) best = place;
  }
  return best;
}

inline Vector pool2d_forward(const Pool2dShape& s, int32_t kind, const Vector& x) {
  Vector y = zeros(s.y_count());
  for (int64_t at = 0; at < s.y_count(); ++at) {
    const std::vector<int64_t> places = pool2d_window(s, at);
    if (kind == SSLCUDA_POOL_MAX) {
      y[at] = x[largest_place(x, places)];
      continue;
    }
    for (const int64_t place : places) {
      y[at] += x[place] / static_cast<double>(s.kernel_h * s.kernel_w);
    }
  }
  return y;
}

inline Vector pool2d_backward(const Pool2dShape& s, int32_t kind, const Vector& x,
                              const Vector& grad_y) {
  Vector grad_x = zeros(s.x_count());
  for (int64_t at = 0; at < s.y_count(); ++at) {
    const std::vector<int64_t> places = pool2d_window(s, at);
    if (kind == SSLCUDA_POOL_MAX) {
      grad_x[largest_place(x, places)] += grad_y[at];
      continue;
    }
    for (const int64_t place : places) {
      grad_x[place] += grad_y[at] / static_cast<double>(s.kernel_h * s.kernel_w);
    }
  }
  return grad_x;
}

}  // namespace sslcuda::reference
