// l2_normalize.hpp - y = x / |x| by rows, and its gradient (grad_y - y <y, grad_y>) / |x|.
#pragma once

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

struct Normalized {
  Vector y, norms;
};

inline Normalized l2_normalize_forward(int64_t n, int64_t d, const Vector& x) {
  Normalized result{zeros(n * d), zeros(n)};
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < d; ++k) sum += x[i * d + k] * x[i * d + k];
    result.norms[i] = std::sqrt(sum);
    if (sum == 0) continue;
    for (int64_t k = 0; k < d; ++k) result.y[i * d + k] = x[i * d + k] / result.norms[i];
  }
  return result;
}

inline Vector l2_normalize_backward(int64_t n, int64_t d, const Vector& y, const Vector& norms,
                                    const Vector& grad_y) {
  Vector grad_x = zeros(n * d);
  for (int64_t i = 0; i < n; ++i) {
    if (norms[i] == 0) continue;
    double along = 0;
    for (int64_t k = 0; k < d; ++k) along += y[i * d + k] * grad_y[i * d + k];
    for (int64_t k = 0; k < d; ++k) {
      grad_x[i * d + k] = (grad_y[i * d + k] - y[i * d + k] * along) / norms[i];
    }
  }
  return grad_x;
}

}  // namespace sslcuda::reference
