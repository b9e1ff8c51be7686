// sgd.hpp - one step of SGD and one of LARS.
#pragma once

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

struct SgdSettings {
  double lr, momentum, weight_decay;
  bool nesterov = false;
};

struct SgdState {
  Vector param, velocity;
};

inline void apply_gradient(const SgdSettings& s, const Vector& g, SgdState* state) {
  for (size_t i = 0; i < g.size(); ++i) {
    double& v = state->velocity[i];
    v = s.momentum * v + g[i];
    state->param[i] -= s.lr * (s.nesterov ? g[i] + s.momentum * v : v);
  }
}

inline Vector decayed(const SgdSettings& s, const Vector& grad, const Vector& param) {
  Vector g = grad;
  for (size_t i = 0; i < g.size(); ++i) g[i] += s.weight_decay * param[i];
  return g;
}

inline void sgd_step(const SgdSettings& s, const Vector& grad, SgdState* state) {
  apply_gradient(s, decayed(s, grad, state->param), state);
}

inline double norm(const Vector& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}

inline void lars_step(const SgdSettings& s, double trust, bool adapted, const Vector& grad,
                      SgdState* state) {
  if (!adapted) return apply_gradient(s, grad, state);
  Vector g = decayed(s, grad, state->param);
  const double param_norm = norm(state->param), grad_norm = norm(g);
  if (param_norm > 0 && grad_norm > 0) {
    for (double& value : g) value *= trust * param_norm / grad_norm;
  }
  apply_gradient(s, g, state);
}

}  // namespace sslcuda::reference
