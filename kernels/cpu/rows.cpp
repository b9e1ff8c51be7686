#include "kernels/cpu/rows.hpp"

#include <cmath>
#include <limits>

#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <bool kWeighted>
__attribute__((always_inline)) inline RowStatistics statistics(int64_t count, const float* x,
                                                               float* exps) {
  float max = -kInfinity;
#pragma omp simd reduction(max : max)
  for (int64_t k = 0; k < count; ++k) max = x[k] > max ? x[k] : max;  // a NaN shows in the sum
  const float shift = max == -kInfinity ? 0 : max;
  float sum = 0, weighted = 0;
  if (exps) {
#pragma omp simd reduction(+ : sum, weighted)
    for (int64_t k = 0; k < count; ++k) {
      const float y = x[k] - shift, e = exp_float(y);
      exps[k] = e;
      sum += e;
      if (kWeighted) weighted += e * (y < kLeastExponent ? kLeastExponent : y);
    }
  } else {
#pragma omp simd reduction(+ : sum, weighted)
    for (int64_t k = 0; k < count; ++k) {
      const float y = x[k] - shift, e = exp_float(y);
      sum += e;
      if (kWeighted) weighted += e * (y < kLeastExponent ? kLeastExponent : y);
    }
  }
  return {max, sum, weighted};
}

}  // namespace

SSLCUDA_CLONES RowStatistics row_statistics(int64_t count, const float* x, float* exps) {
  return statistics<false>(count, x, exps);
}

SSLCUDA_CLONES RowStatistics weighted_row_statistics(int64_t count, const float* x, float* exps) {
  return statistics<true>(count, x, exps);
}

SSLCUDA_CLONES void add_rows(int64_t n, int64_t ld, int64_t count, const float* x,
                             float* __restrict sums) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < count; ++k) sums[k] += x[i * ld + k];
  }
}

SSLCUDA_CLONES void scale_row(int64_t count, float factor, const float* x, float* y) {
  for (int64_t k = 0; k < count; ++k) y[k] = factor * x[k];
}

SSLCUDA_CLONES void add_scaled(int64_t count, float factor, const float* x, float* y) {
  for (int64_t k = 0; k < count; ++k) y[k] += factor * x[k];
}

SSLCUDA_CLONES double sum(int64_t count, const float* x) {
  double total = 0;
#pragma omp simd reduction(+ : total)
  for (int64_t k = 0; k < count; ++k) total += x[k];
  return total;
}

SSLCUDA_CLONES double dot(int64_t count, const float* x, const float* y) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t k = 0; k < count; ++k) sum += static_cast<double>(x[k]) * y[k];
  return sum;
}

double norm(int64_t d, const float* x) { return std::sqrt(dot(d, x, x)); }

SSLCUDA_CLONES void normalize_row(int64_t d, const float* x, double norm, float* y) {
  if (norm == 0) {
    std::fill(y, y + d, 0.0f);
    return;
  }
  const double inverse = 1 / norm;
  for (int64_t k = 0; k < d; ++k) y[k] = static_cast<float>(x[k] * inverse);
}

SSLCUDA_CLONES void normalize_row_gradient(int64_t d, const float* y, double norm,
                                           const float* grad_y, float* grad_x) {
  if (norm == 0) {
    std::fill(grad_x, grad_x + d, 0.0f);
    return;
  }
  const double along = dot(d, y, grad_y), inverse = 1 / norm;
  for (int64_t k = 0; k < d; ++k) {
    grad_x[k] = static_cast<float>((grad_y[k] - y[k] * along) * inverse);
  }
}

}  // namespace sslcuda::cpu
