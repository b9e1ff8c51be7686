// binary_cross_entropy.hpp - loss = mean (softplus(x) - target x), and its gradient.
#pragma once

#include "tests/reference/activation.hpp"

namespace sslcuda::reference {

struct BinaryCrossEntropy {
  double loss;
  Vector grad_x;
};

inline BinaryCrossEntropy binary_cross_entropy(const Vector& x, const Vector& target,
                                               double grad_loss = 1) {
  const auto count = static_cast<double>(x.size());
  BinaryCrossEntropy result{0, zeros(static_cast<int64_t>(x.size()))};
  for (size_t i = 0; i < x.size(); ++i) {
    const double softplus = std::fmax(x[i], 0) + std::log1p(std::exp(-std::fabs(x[i])));
    result.loss += (softplus - target[i] * x[i]) / count;
    result.grad_x[i] = grad_loss * (sigmoid(x[i]) - target[i]) / count;
  }
  return result;
}

}  // namespace sslcuda::reference
