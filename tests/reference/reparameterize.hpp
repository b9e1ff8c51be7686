// reparameterize.hpp - z = mu + exp(logvar / 2) noise, its divergence from the standard normal
// distribution, and their gradients. All tensors are dense [n, d].
#pragma once

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

struct Sampled {
  Vector z;
  double kl;
};

inline Sampled reparameterize_forward(int64_t n, const Vector& mu, const Vector& logvar,
                                      const Vector& noise) {
  Sampled result{zeros(static_cast<int64_t>(mu.size())), 0};
  for (size_t k = 0; k < mu.size(); ++k) {
    result.z[k] = mu[k] + std::exp(logvar[k] / 2) * noise[k];
    const double rest = std::expm1(logvar[k]) - logvar[k];
    result.kl += (mu[k] * mu[k] + rest) / 2 / static_cast<double>(n);
  }
  return result;
}

struct SampledGradients {
  Vector mu, logvar;
};

inline SampledGradients reparameterize_backward(int64_t n, const Vector& mu, const Vector& logvar,
                                                const Vector& noise, const Vector& grad_z,
                                                double grad_kl) {
  SampledGradients grad{grad_z, grad_z};
  for (size_t k = 0; k < mu.size(); ++k) {
    grad.mu[k] += grad_kl * mu[k] / static_cast<double>(n);
    grad.logvar[k] *= std::exp(logvar[k] / 2) * noise[k] / 2;
    grad.logvar[k] += grad_kl * std::expm1(logvar[k]) / 2 / static_cast<double>(n);
  }
  return grad;
}

}  // namespace sslcuda::reference
