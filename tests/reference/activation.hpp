// activation.hpp - act(u) and its derivative, taken from the output.
#pragma once

#include "sslcuda.h"
#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

inline double sigmoid(double u) { return 1 / (1 + std::exp(-u)); }

inline double activate(int32_t activation, double u) {
  if (activation == SSLCUDA_ACTIVATION_RELU) return u < 0 ? 0 : u;
  if (activation == SSLCUDA_ACTIVATION_SIGMOID) return sigmoid(u);
  return u;
}

// grad_y * act'(u), with act' from y = act(u).
inline Vector activation_gradient(int32_t activation, const Vector& y, Vector grad_y) {
  for (size_t i = 0; i < grad_y.size(); ++i) {
    if (activation == SSLCUDA_ACTIVATION_RELU) grad_y[i] = y[i] <= 0 ? 0 : grad_y[i];
    if (activation == SSLCUDA_ACTIVATION_SIGMOID) grad_y[i] *= y[i] * (1 - y[i]);
  }
  return grad_y;
}

}  // namespace sslcuda::reference
