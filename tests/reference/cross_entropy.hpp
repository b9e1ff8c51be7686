// cross_entropy.hpp - softmax cross-entropy with labels or targets, smoothing and ignored rows.
#pragma once

#include "tests/reference/infonce.hpp"

namespace sslcuda::reference {

struct CrossEntropyInput {
  int64_t n, v;
  Vector logits;
  std::vector<int64_t> labels;  // empty with targets
  Vector targets;               // empty with labels
  int64_t ignore_index = -100;
  double smoothing = 0;
  double grad_loss = 1;
};

struct CrossEntropy {
  double loss;
  Vector row_loss, grad_logits;
};

// t' = (1 - smoothing) t + smoothing / v
inline double smoothed_target(const CrossEntropyInput& in, int64_t i, int64_t k) {
  const double t = in.labels.empty() ? in.targets[i * in.v + k] : in.labels[i] == k;
  return (1 - in.smoothing) * t + in.smoothing / static_cast<double>(in.v);
}

inline bool counts(const CrossEntropyInput& in, int64_t i) {
  return in.labels.empty() || in.labels[i] != in.ignore_index;
}

inline CrossEntropy cross_entropy(const CrossEntropyInput& in) {
  CrossEntropy result{0, zeros(in.n), zeros(in.n * in.v)};
  int64_t valid = 0;
  for (int64_t i = 0; i < in.n; ++i) valid += counts(in, i);
  for (int64_t i = 0; i < in.n; ++i) {
    if (!counts(in, i)) continue;
    const double* const x = &in.logits[i * in.v];
    const double lse = log_sum_exp(x, in.v);
    double mass = 0;
    for (int64_t k = 0; k < in.v; ++k) {
      const double t = smoothed_target(in, i, k);
      if (t != 0) result.row_loss[i] += t * (lse - x[k]);
      mass += t;
    }
    for (int64_t k = 0; k < in.v; ++k) {
      const double p = std::exp(x[k] - lse);
      result.grad_logits[i * in.v + k] =
          in.grad_loss * (p * mass - smoothed_target(in, i, k)) / static_cast<double>(valid);
    }
    result.loss += result.row_loss[i] / static_cast<double>(valid);
  }
  return result;
}

}  // namespace sslcuda::reference
