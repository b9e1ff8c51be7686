// infonce.hpp - loss = mean_i (lse(s[i]) - s[i,i]), s = a b^T / tau; G = (p - I) / n.
#pragma once

#include <algorithm>

#include "tests/reference/similarity.hpp"

namespace sslcuda::reference {

// log sum exp of `count` numbers.
inline double log_sum_exp(const double* x, int64_t count) {
  const double max = *std::max_element(x, x + count);
  double sum = 0;
  for (int64_t k = 0; k < count; ++k) sum += std::exp(x[k] - max);
  return max + std::log(sum);
}

struct InfoNce {
  double loss;
  Vector row_loss;
  Vector p;  // softmax of the scores, [n, n]
  Vector g;  // gradient with respect to the scores
  PairGradients grad;
};

inline InfoNce infonce(int64_t n, int64_t d, const Vector& a, const Vector& b, double tau,
                       double grad_loss = 1) {
  const SimilarityShape shape{n, n, d, false, tau};
  const Vector s = scores(shape, a, b);
  InfoNce result{0, zeros(n), zeros(n * n), zeros(n * n), {}};
  for (int64_t i = 0; i < n; ++i) {
    const double lse = log_sum_exp(&s[i * n], n);
    result.row_loss[i] = lse - s[i * n + i];
    result.loss += result.row_loss[i] / n;
    for (int64_t j = 0; j < n; ++j) {
      const double p = std::exp(s[i * n + j] - lse);
      result.p[i * n + j] = p;
      result.g[i * n + j] = grad_loss * (p - (i == j)) / n;
    }
  }
  result.grad = scores_backward(shape, a, b, result.g);
  return result;
}

}  // namespace sslcuda::reference
