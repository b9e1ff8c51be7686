// conv2d.hpp - y = act(x * weight + bias), a cross-correlation, and its gradients.
#pragma once

#include "tests/reference/linear.hpp"

namespace sslcuda::reference {

struct Conv2dShape {
  int64_t n, c, h, w;
  int64_t out, kernel_h, kernel_w;
  int64_t stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1;

  int64_t out_h() const { return (h + 2 * pad_h - dilation_h * (kernel_h - 1) - 1) / stride_h + 1; }
  int64_t out_w() const { return (w + 2 * pad_w - dilation_w * (kernel_w - 1) - 1) / stride_w + 1; }
  int64_t x_count() const { return n * c * h * w; }
  int64_t weight_count() const { return out * c * kernel_h * kernel_w; }
  int64_t y_count() const { return n * out * out_h() * out_w(); }
};

// The same for the library's calls.
inline sslcuda_conv2d_shape abi_shape(const Conv2dShape& s) {
  return {sizeof(sslcuda_conv2d_shape),
          s.n,
          s.c,
          s.h,
          s.w,
          s.out,
          s.kernel_h,
          s.kernel_w,
          s.stride_h,
          s.stride_w,
          s.pad_h,
          s.pad_w,
          s.dilation_h,
          s.dilation_w,
          1};
}

// Calls term(y index, weight index, x index) for every product of the convolution.
template <class Term>
void for_each_product(const Conv2dShape& s, const Term& term) {
  int64_t y = 0;
  for (int64_t i = 0; i < s.n; ++i)
    for (int64_t o = 0; o < s.out; ++o)
      for (int64_t p = 0; p < s.out_h(); ++p)
        for (int64_t q = 0; q < s.out_w(); ++q, ++y)
          for (int64_t c = 0; c < s.c; ++c)
            for (int64_t r = 0; r < s.kernel_h; ++r)
              for (int64_t t = 0; t < s.kernel_w; ++t) {
                const int64_t line = p * s.stride_h + r * s.dilation_h - s.pad_h;
                const int64_t column = q * s.stride_w + t * s.dilation_w - s.pad_w;
                if (line < 0 || line >= s.h || column < 0 || column >= s.w) continue;
                term(y, ((o * s.c + c) * s.kernel_h + r) * s.kernel_w + t,
                     ((i * s.c + c) * s.h + line) * s.w + column);
              }
}

// Output channel of an element of y.
inline int64_t channel(const Conv2dShape& s, int64_t y) {
  return y / (s.out_h() * s.out_w()) % s.out;
}

inline Vector conv2d_forward(const Conv2dShape& s, const Vector& x, const Vector& weight,
                             const Vector& bias, int32_t activation) {
  Vector y = zeros(s.y_count());
  if (!bias.empty()) {
    for (int64_t i = 0; i < s.y_count(); ++i) y[i] = bias[channel(s, i)];
  }
  for_each_product(s, [&](int64_t iy, int64_t iw, int64_t ix) { y[iy] += weight[iw] * x[ix]; });
  for (double& u : y) u = activate(activation, u);
  return y;
}

inline LayerGradients conv2d_backward(const Conv2dShape& s, const Vector& x, const Vector& weight,
                                      const Vector& y, const Vector& grad_y, int32_t activation) {
  const Vector g = activation_gradient(activation, y, grad_y);
  LayerGradients grad{zeros(s.x_count()), zeros(s.weight_count()), zeros(s.out)};
  for_each_product(s, [&](int64_t iy, int64_t iw, int64_t ix) {
    grad.x[ix] += g[iy] * weight[iw];
    grad.weight[iw] += g[iy] * x[ix];
  });
  for (int64_t i = 0; i < s.y_count(); ++i) grad.bias[channel(s, i)] += g[i];
  return grad;
}

}  // namespace sslcuda::reference
