// norm.hpp - batch and group normalisation, and their gradients.
#pragma once

#include "tests/reference/activation.hpp"

namespace sslcuda::reference {

// groups 0: batch normalisation, over the batch by channel; otherwise by image over each group.
struct NormShape {
  int64_t n, c, plane, groups = 0;

  int64_t x_count() const { return n * c * plane; }
  int64_t sets() const { return groups == 0 ? c : n * groups; }
  int64_t set_count() const { return groups == 0 ? n * plane : c / groups * plane; }
  int64_t channel(int64_t at) const { return at / plane % c; }
  // The set of elements with a common mean that x[at] is in.
  int64_t set(int64_t at) const {
    return groups == 0 ? channel(at) : at / plane / c * groups + channel(at) / (c / groups);
  }
};

struct NormStatistics {
  Vector mean, variance, rstd;
};

inline Vector rstd_of(const Vector& variance, double eps) {
  Vector rstd;
  for (const double value : variance) rstd.push_back(1 / std::sqrt(value + eps));
  return rstd;
}

inline NormStatistics norm_statistics(const NormShape& s, const Vector& x, double eps) {
  NormStatistics result{zeros(s.sets()), zeros(s.sets()), {}};
  const auto count = static_cast<double>(s.set_count());
  for (int64_t k = 0; k < s.x_count(); ++k) result.mean[s.set(k)] += x[k] / count;
  for (int64_t k = 0; k < s.x_count(); ++k) {
    result.variance[s.set(k)] += std::pow(x[k] - result.mean[s.set(k)], 2) / count;
  }
  result.rstd = rstd_of(result.variance, eps);
  return result;
}

// weight and bias may be empty: 1 and 0.
inline Vector norm_forward(const NormShape& s, const Vector& x, const NormStatistics& statistics,
                           const Vector& weight, const Vector& bias, int32_t activation) {
  Vector y = zeros(s.x_count());
  for (int64_t k = 0; k < s.x_count(); ++k) {
    const double unit = (x[k] - statistics.mean[s.set(k)]) * statistics.rstd[s.set(k)];
    const double scaled = weight.empty() ? unit : weight[s.channel(k)] * unit;
    y[k] = activate(activation, bias.empty() ? scaled : scaled + bias[s.channel(k)]);
  }
  return y;
}

struct NormGradients {
  Vector x, weight, bias;
};

// g is grad_y times the activation's derivative. training: through the statistics too.
inline NormGradients norm_backward(const NormShape& s, const Vector& x,
                                   const NormStatistics& statistics, const Vector& weight,
                                   const Vector& g, bool training) {
  NormGradients result{zeros(s.x_count()), zeros(s.c), zeros(s.c)};
  Vector sum = zeros(s.sets()), along = zeros(s.sets());
  const auto unit = [&](int64_t k) {
    return (x[k] - statistics.mean[s.set(k)]) * statistics.rstd[s.set(k)];
  };
  const auto weighted = [&](int64_t k) {
    return weight.empty() ? g[k] : weight[s.channel(k)] * g[k];
  };
  const auto count = static_cast<double>(s.set_count());
  for (int64_t k = 0; k < s.x_count(); ++k) {
    result.bias[s.channel(k)] += g[k];
    result.weight[s.channel(k)] += g[k] * unit(k);
    sum[s.set(k)] += weighted(k) / count;
    along[s.set(k)] += weighted(k) * unit(k) / count;
  }
  for (int64_t k = 0; k < s.x_count(); ++k) {
    const double through = training ? sum[s.set(k)] + unit(k) * along[s.set(k)] : 0;
    result.x[k] = statistics.rstd[s.set(k)] * (weighted(k) - through);
  }
  return result;
}

}  // namespace sslcuda::reference
