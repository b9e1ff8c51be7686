// linear_mse.hpp - loss = mean (y - target)^2 of y = act(u), u = x W^T + bias, and its gradient
// with respect to u.
#pragma once

#include "tests/reference/linear.hpp"
#include "tests/reference/mse.hpp"

namespace sslcuda::reference {

struct LinearMse {
  double loss;
  Vector grad_u, y;
};

inline LinearMse linear_mse(const LinearShape& s, const Vector& x, const Vector& weight,
                            const Vector& bias, const Vector& target, int32_t activation,
                            double grad_loss = 1) {
  const Vector y = linear_forward(s, x, weight, bias, activation);
  const Mse of_y = mse(y, target, false, grad_loss);
  return {of_y.loss, activation_gradient(activation, y, of_y.grad_x), y};
}

}  // namespace sslcuda::reference
