// linear.hpp - y = act(x W^T + bias) and its gradients.
#pragma once

#include "tests/reference/activation.hpp"

namespace sslcuda::reference {

struct LinearShape {
  int64_t n, in, out;
};

// An empty bias is none.
inline Vector linear_forward(const LinearShape& s, const Vector& x, const Vector& weight,
                             const Vector& bias, int32_t activation) {
  Vector y = zeros(s.n * s.out);
  for (int64_t i = 0; i < s.n; ++i) {
    for (int64_t o = 0; o < s.out; ++o) {
      double u = bias.empty() ? 0 : bias[o];
      for (int64_t k = 0; k < s.in; ++k) u += x[i * s.in + k] * weight[o * s.in + k];
      y[i * s.out + o] = activate(activation, u);
    }
  }
  return y;
}

struct LayerGradients {
  Vector x, weight, bias;
};

inline LayerGradients linear_backward(const LinearShape& s, const Vector& x, const Vector& weight,
                                      const Vector& y, const Vector& grad_y, int32_t activation) {
  const Vector g = activation_gradient(activation, y, grad_y);
  LayerGradients grad{zeros(s.n * s.in), zeros(s.out * s.in), zeros(s.out)};
  for (int64_t i = 0; i < s.n; ++i) {
    for (int64_t o = 0; o < s.out; ++o) {
      const double g_io = g[i * s.out + o];
      for (int64_t k = 0; k < s.in; ++k) {
        grad.x[i * s.in + k] += g_io * weight[o * s.in + k];
        grad.weight[o * s.in + k] += g_io * x[i * s.in + k];
      }
      grad.bias[o] += g_io;
    }
  }
  return grad;
}

}  // namespace sslcuda::reference
