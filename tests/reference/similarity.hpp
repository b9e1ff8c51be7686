// similarity.hpp - s[i,j] = <a[i], b[j]> / tau, of unit rows if wanted, and its gradients.
#pragma once

#include "tests/reference/l2_normalize.hpp"

namespace sslcuda::reference {

struct SimilarityShape {
  int64_t n, m, d;
  bool normalize;
  double tau;
};

// a b^T / tau
inline Vector scores(const SimilarityShape& s, const Vector& a, const Vector& b) {
  Vector result = zeros(s.n * s.m);
  for (int64_t i = 0; i < s.n; ++i) {
    for (int64_t j = 0; j < s.m; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < s.d; ++k) sum += a[i * s.d + k] * b[j * s.d + k];
      result[i * s.m + j] = sum / s.tau;
    }
  }
  return result;
}

inline Vector similarity_forward(const SimilarityShape& s, const Vector& a, const Vector& b) {
  if (!s.normalize) return scores(s, a, b);
  return scores(s, l2_normalize_forward(s.n, s.d, a).y, l2_normalize_forward(s.m, s.d, b).y);
}

struct PairGradients {
  Vector a, b;
  double tau;
};

// Gradients of scores() for G = dL/ds: G b / tau, G^T a / tau, -sum G s / tau.
inline PairGradients scores_backward(const SimilarityShape& s, const Vector& a, const Vector& b,
                                     const Vector& g) {
  PairGradients grad{zeros(s.n * s.d), zeros(s.m * s.d), 0};
  const Vector score = scores(s, a, b);
  for (int64_t i = 0; i < s.n; ++i) {
    for (int64_t j = 0; j < s.m; ++j) {
      const double g_ij = g[i * s.m + j];
      for (int64_t k = 0; k < s.d; ++k) {
        grad.a[i * s.d + k] += g_ij * b[j * s.d + k] / s.tau;
        grad.b[j * s.d + k] += g_ij * a[i * s.d + k] / s.tau;
      }
      grad.tau -= g_ij * score[i * s.m + j] / s.tau;
    }
  }
  return grad;
}

inline PairGradients similarity_backward(const SimilarityShape& s, const Vector& a, const Vector& b,
                                         const Vector& grad_s) {
  if (!s.normalize) return scores_backward(s, a, b, grad_s);
  const Normalized unit_a = l2_normalize_forward(s.n, s.d, a);
  const Normalized unit_b = l2_normalize_forward(s.m, s.d, b);
  PairGradients grad = scores_backward(s, unit_a.y, unit_b.y, grad_s);
  grad.a = l2_normalize_backward(s.n, s.d, unit_a.y, unit_a.norms, grad.a);
  grad.b = l2_normalize_backward(s.m, s.d, unit_b.y, unit_b.norms, grad.b);
  return grad;
}

}  // namespace sslcuda::reference
