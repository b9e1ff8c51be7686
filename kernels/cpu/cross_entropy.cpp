// cross_entropy.cpp - softmax cross-entropy of rows of logits, value and gradient.
//   t' = (1 - e) t + e / v;  row_loss = sum_k t'[k] (lse - x[k]);  grad = g (p sum t' - t') /
//   n_valid
// A thread owns a row. Sums with the targets are made before the gradient, which may overwrite the
// logits.
#include <cmath>
#include <limits>

#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// sum t x; where t is 0, a logit of -infinity adds nothing.
SSLCUDA_CLONES double target_score(int64_t v, const float* t, const float* x) {
  double total = 0;
#pragma omp simd reduction(+ : total)
  for (int64_t k = 0; k < v; ++k) total += t[k] == 0 ? 0.0 : static_cast<double>(t[k]) * x[k];
  return total;
}

// grad = weight p - base (- scale t), from grad = exp(x - max) and p = grad / sum.
SSLCUDA_CLONES void finish_gradient(int64_t v, float weight, float base, float scale,
                                    const float* t, float* grad) {
  for (int64_t k = 0; k < v; ++k) grad[k] = weight * grad[k] - base;
  if (!t) return;
  for (int64_t k = 0; k < v; ++k) grad[k] -= scale * t[k];
}

// Loss of row i; its gradient times n_valid / grad_loss = 1 / scale.
double row(const CrossEntropyArgs& a, int64_t i, float scale) {
  const float* const x = a.logits + i * a.ld;
  const float* const t = a.targets ? a.targets + i * a.ld : nullptr;
  float* const grad = a.grad_logits ? a.grad_logits + i * a.ld : nullptr;
  const int64_t label = a.labels ? a.labels[i] : 0;
  const bool ignored = a.labels && label == a.ignore_index;
  if (ignored || label < 0 || label >= a.v) {
    if (grad) std::fill(grad, grad + a.v, ignored ? 0.0f : kNaN);
    return ignored ? 0 : kNaN;
  }
  const double keep = 1 - static_cast<double>(a.smoothing);
  const double base = static_cast<double>(a.smoothing) / static_cast<double>(a.v);
  const double mass = t ? keep * sum(a.v, t) + a.smoothing : 1;
  double score = keep * (t ? target_score(a.v, t, x) : x[label]);
  if (a.smoothing > 0) score += base * sum(a.v, x);
  const RowStatistics statistics = row_statistics(a.v, x, grad);
  if (grad) {
    finish_gradient(a.v, static_cast<float>(scale * mass / statistics.sum),
                    static_cast<float>(scale * base), static_cast<float>(scale * keep), t, grad);
    if (!t) grad[label] -= static_cast<float>(scale * keep);
  }
  return mass * (std::log(static_cast<double>(statistics.sum)) + statistics.max) - score;
}

}  // namespace

size_t cross_entropy_workspace(const CrossEntropyArgs& a) { return a.n * sizeof(double); }

int cross_entropy(const Exec& exec, const CrossEntropyArgs& a) {
  auto* const losses = static_cast<double*>(exec.workspace);
  const int64_t valid = a.labels ? a.n - std::count(a.labels, a.labels + a.n, a.ignore_index) : a.n;
  const auto divisor = static_cast<float>(std::max<int64_t>(valid, 1));
  const float scale = (a.grad_loss ? *a.grad_loss : 1.0f) / divisor;
  parallel_for(a.n, 16 * a.v, [&](int64_t i) {
    losses[i] = row(a, i, scale);
    if (a.row_loss) a.row_loss[i] = static_cast<float>(losses[i]);
  });
  if (!a.loss) return kOk;
  double total = 0;
  for (int64_t i = 0; i < a.n; ++i) total += losses[i];
  *a.loss = static_cast<float>(total / divisor);
  return kOk;
}

}  // namespace sslcuda::cpu
