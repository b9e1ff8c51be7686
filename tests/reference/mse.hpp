// mse.hpp - loss = mean (y - target)^2 of y = x or sigmoid(x), and its gradient.
#pragma once

#include "tests/reference/activation.hpp"

namespace sslcuda::reference {

struct Mse {
  double loss;
  Vector grad_x;
};

inline Mse mse(const Vector& x, const Vector& target, bool with_sigmoid, double grad_loss = 1) {
  const auto count = static_cast<double>(x.size());
  Mse result{0, zeros(static_cast<int64_t>(x.size()))};
  for (size_t i = 0; i < x.size(); ++i) {
    const double y = with_sigmoid ? sigmoid(x[i]) : x[i];
    result.loss += (y - target[i]) * (y - target[i]) / count;
    result.grad_x[i] = grad_loss * 2 * (y - target[i]) / count;
    if (with_sigmoid) result.grad_x[i] *= y * (1 - y);
  }
  return result;
}

}  // namespace sslcuda::reference
