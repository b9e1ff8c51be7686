// contrastive_columns.cpp - the other direction of CLIP: log-sum-exps of the columns, gathered over
// blocks of rows in order. A thread owns some columns.
#include <cmath>
#include <limits>

#include "kernels/cpu/contrastive.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kStrip = 256;  // columns: their part of a block stays in the second-level cache

__attribute__((always_inline)) inline float distance(float x, float max) {
  return x - (max == -kInfinity ? 0 : max);
}

// Where exp is 0, so that -infinity, the logarithm of nothing, adds nothing when weighted by it.
__attribute__((always_inline)) inline float finite(float exponent) {
  return exponent < kLeastExponent ? kLeastExponent : exponent;
}

struct Strip {
  float max[kStrip], sum[kStrip], weighted[kStrip];
};

// Statistics of `count` columns of a block of scores. Scores above their limit count as -infinity.
SSLCUDA_CLONES void describe(int64_t rows, int64_t ld, int64_t count, const float* s,
                             const float* limit, Strip* strip) {
  for (int64_t j = 0; j < count; ++j) strip->max[j] = -kInfinity;
  for (int64_t j = 0; j < count; ++j) strip->sum[j] = strip->weighted[j] = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const float* const row = s + r * ld;
    for (int64_t j = 0; j < count; ++j) {
      const float x = row[j] > limit[j] ? -kInfinity : row[j];
      strip->max[j] = x > strip->max[j] ? x : strip->max[j];
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    const float* const row = s + r * ld;
    for (int64_t j = 0; j < count; ++j) {
      const float x = distance(row[j] > limit[j] ? -kInfinity : row[j], strip->max[j]);
      const float e = exp_float(x);
      strip->sum[j] += e;
      strip->weighted[j] += e * finite(x);
    }
  }
}

// Adds the strip's statistics to those of the columns so far.
SSLCUDA_CLONES void merge(int64_t count, const Strip& strip, float* max, float* sum,
                          float* weighted) {
  for (int64_t j = 0; j < count; ++j) {
    const float larger = max[j] > strip.max[j] ? max[j] : strip.max[j];
    const float x = finite(distance(max[j], larger)), y = finite(distance(strip.max[j], larger));
    const float old_part = exp_float(x), new_part = exp_float(y);
    weighted[j] =
        old_part * (weighted[j] + sum[j] * x) + new_part * (strip.weighted[j] + strip.sum[j] * y);
    sum[j] = old_part * sum[j] + new_part * strip.sum[j];
    max[j] = larger;
  }
}

}  // namespace

void clear_columns(const ContrastiveWork& w) {
  const ContrastiveArgs& a = w.args;
  std::fill_n(w.columns.max, a.m, -kInfinity);
  std::fill_n(w.columns.sum, a.m, 0.0f);
  std::fill_n(w.columns.weighted, a.m, 0.0f);
  std::fill_n(w.diagonal, a.m, kInfinity);
  if (a.margin == 0) return;
  // Of a whole matrix, so row j is there. These only say which pairs count.
  parallel_for(a.m, 2 * a.d, [&](int64_t j) {
    w.diagonal[j] = static_cast<float>(w.scale * dot(a.d, w.a.row(j), w.b.row(j)));
  });
}

void add_to_columns(const ContrastiveWork& w, int64_t rows, const float* s) {
  const ContrastiveArgs& a = w.args;
  const float margin = a.margin * w.scale;
  parallel_pieces(a.m, kStrip, 32 * rows, [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    float limit[kStrip];
    Strip strip;
    for (int64_t j = 0; j < count; ++j) limit[j] = w.diagonal[begin + j] + margin;
    describe(rows, w.ld, count, s + begin, limit, &strip);
    merge(count, strip, w.columns.max + begin, w.columns.sum + begin, w.columns.weighted + begin);
  });
}

double finish_columns(const ContrastiveWork& w) {
  const ContrastiveArgs& a = w.args;
  double temperature = 0;
  for (int64_t j = 0; j < a.m; ++j) {
    const double max = w.columns.max[j], sum = w.columns.sum[j];
    const double log_sum = std::log(sum), lse = max + log_sum;
    if (a.column_lse) a.column_lse[j] = static_cast<float>(lse);
    w.column_lse[j] = a.given_column_lse ? a.given_column_lse[j] : static_cast<float>(lse);
    const int64_t i = a.first_column + j - a.first_row;
    const bool is_here = i >= 0 && i < a.n;
    const double positive = is_here ? w.results[i].positive : 0;
    if (is_here && w.counts(i)) w.results[i].loss += (max - positive + log_sum) / 2;
    const double mass = a.given_column_lse ? std::exp(max - w.column_lse[j]) * sum : 1;
    const double expected = sum == 0 ? 0 : mass * (w.columns.weighted[j] / sum + max);
    temperature += w.column_scale[j] == 0 ? 0 : w.column_scale[j] * (expected - positive) / 2;
  }
  return temperature;
}

}  // namespace sslcuda::cpu
