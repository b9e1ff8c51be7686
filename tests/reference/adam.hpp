// adam.hpp - one Adam step, eps inside as PyTorch has it.
#pragma once

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

struct AdamSettings {
  double lr, beta1, beta2, eps;
};

struct AdamState {
  Vector param, moment, variance;
};

// step counts from 1.
inline void adam_step(const AdamSettings& s, int64_t step, const Vector& grad, AdamState* state) {
  const double t = static_cast<double>(step);
  const double correction1 = 1 - std::pow(s.beta1, t), correction2 = 1 - std::pow(s.beta2, t);
  for (size_t i = 0; i < grad.size(); ++i) {
    double& m = state->moment[i];
    double& v = state->variance[i];
    m = s.beta1 * m + (1 - s.beta1) * grad[i];
    v = s.beta2 * v + (1 - s.beta2) * grad[i] * grad[i];
    state->param[i] -= s.lr / correction1 * m / (std::sqrt(v) / std::sqrt(correction2) + s.eps);
  }
}

}  // namespace sslcuda::reference
