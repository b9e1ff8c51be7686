// contrastive_rows.cpp - a row of scores of the softmax kinds: which pairs count, statistics, loss,
// and its row of G. A thread owns the row. With q = row_scale[i], p = exp(s - r), r the row's
// log-sum-exp and P its positives, G is
//   q (1 + 2 z_loss r) p - q smoothing / m - q (1 - smoothing) [P]        one positive
//   q p - q / |P| [P]                                                     SUPCON
//   q p - q exp(s - log sum over P of exp(s)) [P]                         SUPCON_IN
//   q/2 p + column_scale[j]/2 exp(s - column_lse[j]) - q [P]              CLIP
#include <cmath>
#include <limits>

#include "kernels/cpu/contrastive.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// ---- pairs that do not count

SSLCUDA_CLONES void exclude_equal(int64_t m, int32_t number, const int32_t* numbers, float* s) {
  for (int64_t j = 0; j < m; ++j) s[j] = numbers[j] == number ? -kInfinity : s[j];
}

SSLCUDA_CLONES void exclude_masked(int64_t m, const uint32_t* mask, float* s) {
  constexpr int64_t kBits = 32;
  for (int64_t first = 0; first < m; first += kBits) {
    const uint32_t word = mask[first / kBits];
    if (word == 0) continue;
    const auto count = static_cast<int>(std::min(kBits, m - first));
    for (int k = 0; k < count; ++k) s[first + k] = word >> k & 1 ? -kInfinity : s[first + k];
  }
}

SSLCUDA_CLONES void exclude_above(int64_t m, float limit, float* s) {
  for (int64_t j = 0; j < m; ++j) s[j] = s[j] > limit ? -kInfinity : s[j];
}

// s = saved where the class is that one.
SSLCUDA_CLONES void restore_class(int64_t m, int32_t number, const int32_t* classes,
                                  const float* saved, float* s) {
  for (int64_t j = 0; j < m; ++j) s[j] = classes[j] == number ? saved[j] : s[j];
}

// ---- statistics of the columns of one class

struct ClassScores {
  float max;
  double sum;
};

// Excluded scores, which the row's own is, add nothing.
SSLCUDA_CLONES ClassScores class_scores(int64_t m, int32_t number, const int32_t* classes,
                                        const float* s) {
  float max = -kInfinity;
  double sum = 0;
#pragma omp simd reduction(max : max) reduction(+ : sum)
  for (int64_t j = 0; j < m; ++j) {
    const float x = classes[j] == number ? s[j] : -kInfinity;
    max = x > max ? x : max;
    sum += x == -kInfinity ? 0.0f : x;
  }
  return {max, sum};
}

// Scores of other classes become -infinity in `kept`.
SSLCUDA_CLONES void keep_class(int64_t m, int32_t number, const int32_t* classes, const float* s,
                               float* kept) {
  for (int64_t j = 0; j < m; ++j) kept[j] = classes[j] == number ? s[j] : -kInfinity;
}

// ---- rows of G

SSLCUDA_CLONES void scale_exps(int64_t count, float factor, float base, const float* exps,
                               float* g) {
  for (int64_t j = 0; j < count; ++j) g[j] = factor * exps[j] - base;
}

SSLCUDA_CLONES void subtract_class(int64_t m, int32_t number, const int32_t* classes, float share,
                                   float* g) {
  for (int64_t j = 0; j < m; ++j) g[j] -= classes[j] == number ? share : 0;
}

// g = factor exps - share exp(s - max) [class]; g may be s.
SSLCUDA_CLONES void subtract_class_exps(int64_t m, int32_t number, const int32_t* classes,
                                        float factor, float share, float max, const float* exps,
                                        const float* s, float* g) {
  for (int64_t j = 0; j < m; ++j) {
    const float within = classes[j] == number ? share * exp_float(s[j] - max) : 0;
    g[j] = factor * exps[j] - within;
  }
}

SSLCUDA_CLONES void two_sided_exps(int64_t m, float lse, float half, const float* column_lse,
                                   const float* column_scale, float* s) {
  for (int64_t j = 0; j < m; ++j) {
    s[j] = half * exp_float(s[j] - lse) + 0.5f * column_scale[j] * exp_float(s[j] - column_lse[j]);
  }
}

// The same with pairs left out on either side whose score is above a limit.
SSLCUDA_CLONES void two_sided_exps_below(int64_t m, float lse, float half, float limit,
                                         const float* column_lse, const float* column_scale,
                                         const float* diagonal, float margin, float* s) {
  for (int64_t j = 0; j < m; ++j) {
    const float of_row = s[j] > limit ? 0 : half * exp_float(s[j] - lse);
    const float of_column =
        s[j] > diagonal[j] + margin ? 0 : 0.5f * column_scale[j] * exp_float(s[j] - column_lse[j]);
    s[j] = of_row + of_column;
  }
}

// ---- loss

// What of a row of scores the loss is made of, besides the log-sum-exp.
struct Positive {
  int64_t column;   // the single one, or -1
  float max;        // the largest
  double mean;      // what is subtracted from the log-sum-exp, as the loss has it
  double expected;  // sum of s weighted as in G; SUPCON_IN: softmax within the positives
  double log_sum;   // SUPCON_IN: log-sum-exp of the positives is max + log_sum
};

Positive single_positive(const ContrastiveWork& w, int64_t i, const float* s) {
  const int64_t p = w.positive_column(i);
  if (p < 0) return {-1, -kInfinity, 0, 0, 0};
  return {p, s[p], s[p], s[p], 0};
}

Positive class_positive(const ContrastiveWork& w, int64_t i, const float* s, float* scratch) {
  const ContrastiveArgs& a = w.args;
  if (w.positives[i] == 0) return {-1, -kInfinity, 0, 0, 0};
  const int32_t number = w.classes.row[i];
  const ClassScores scores = class_scores(a.m, number, w.classes.column, s);
  const double mean = scores.sum / w.positives[i];
  if (a.kind == ContrastiveKind::kSupCon) return {-1, scores.max, mean, mean, 0};
  keep_class(a.m, number, w.classes.column, s, scratch);
  const RowStatistics within = weighted_row_statistics(a.m, scratch, nullptr);
  return {-1, scores.max, mean, static_cast<double>(within.weighted) / within.sum + within.max,
          std::log(static_cast<double>(within.sum))};
}

// Is the label that of no column at all? Only a graph meets one.
bool is_bad_label(const ContrastiveArgs& a, int64_t i) {
  if (a.kind != ContrastiveKind::kInfoNce || !a.labels) return false;
  const int64_t label = a.labels[i];
  return label != a.ignore_index && (label < 0 || label >= a.total_columns);
}

void softmax_gradient(const ContrastiveWork& w, int64_t i, const RowStatistics& all, double lse,
                      const Positive& positive, const float* exps, float* s) {
  const ContrastiveArgs& a = w.args;
  const double q = w.row_scale[i];
  const double mass = a.given_row_lse ? std::exp(all.max - lse) : 1 / static_cast<double>(all.sum);
  const auto factor = static_cast<float>(q * (1 + 2 * a.z_loss * lse) * mass);
  const double base = a.smoothing > 0 ? q * a.smoothing / static_cast<double>(a.m) : 0;
  if (a.kind == ContrastiveKind::kSupConIn) {
    const double share = q * std::exp(-positive.log_sum);
    subtract_class_exps(a.m, w.classes.row[i], w.classes.column, factor, static_cast<float>(share),
                        positive.max, exps, s, s);
  } else {
    scale_exps(w.width.total(), factor, static_cast<float>(base), exps, s);
    if (a.kind == ContrastiveKind::kSupCon) {
      subtract_class(a.m, w.classes.row[i], w.classes.column,
                     static_cast<float>(q / w.positives[i]), s);
    } else if (positive.column >= 0) {
      s[positive.column] -= static_cast<float>(q * (1 - static_cast<double>(a.smoothing)));
    }
  }
  const int64_t self = w.self_is_no_column() ? w.own_column(i) : -1;
  if (self >= 0) s[self] = 0;
}

// Everything but G. `mean` is that of all scores, read only with smoothing.
RowResult describe_row(const ContrastiveWork& w, int64_t i, const RowStatistics& all,
                       const Positive& positive, double mean) {
  const ContrastiveArgs& a = w.args;
  const double log_sum = std::log(static_cast<double>(all.sum));
  const double centre = all.sum == 0 ? 0 : static_cast<double>(all.weighted) / all.sum;
  RowResult row{};
  row.lse = all.max + log_sum;
  row.positive = positive.mean;
  row.entropy = all.sum == 0 ? 0 : log_sum - centre;
  row.hit = positive.max >= all.max;
  if (!w.counts(i)) return row;
  const double lse = a.given_row_lse ? a.given_row_lse[i] : row.lse;
  // As exact as the differences of scores are: near convergence r and s[i,P] are nearly equal.
  const double within = a.kind == ContrastiveKind::kSupConIn
                            ? positive.max - std::log(w.positives[i]) + positive.log_sum
                            : positive.mean;
  row.loss =
      (all.max - within) + log_sum + a.smoothing * (positive.mean - mean) + a.z_loss * lse * lse;
  const double mass = a.given_row_lse ? std::exp(all.max - lse) * all.sum : 1;
  const double expected = all.sum == 0 ? 0 : mass * (centre + all.max);
  row.temperature =
      w.row_scale[i] * ((expected - positive.expected) + 2 * a.z_loss * lse * expected +
                        a.smoothing * (positive.expected - mean));
  if (w.two_sided) row.loss /= 2, row.temperature /= 2;
  if (is_bad_label(a, i)) row.loss = row.temperature = kNaN;
  return row;
}

}  // namespace

void exclude_pairs(const ContrastiveWork& w, int64_t i, float* s, float* scratch) {
  const ContrastiveArgs& a = w.args;
  if (w.ids.row || a.mask) {
    const int64_t positive = w.has_classes() ? -1 : w.positive_column(i);
    const float kept = positive >= 0 ? s[positive] : 0;
    if (w.has_classes()) std::copy_n(s, a.m, scratch);
    if (w.ids.row) exclude_equal(a.m, w.ids.row[i], w.ids.column, s);
    if (a.mask) exclude_masked(a.m, a.mask + i * a.ld_mask, s);
    if (positive >= 0) s[positive] = kept;
    if (w.has_classes()) restore_class(a.m, w.classes.row[i], w.classes.column, scratch, s);
  }
  const int64_t self = w.self_is_no_column() ? w.own_column(i) : -1;
  if (self >= 0) s[self] = -kInfinity;
}

RowResult finish_row(const ContrastiveWork& w, int64_t i, float* s, float* exps) {
  const ContrastiveArgs& a = w.args;
  if (a.kind == ContrastiveKind::kSigLip) return finish_sigmoid_row(w, i, s, exps);
  const Positive positive =
      w.has_classes() ? class_positive(w, i, s, exps) : single_positive(w, i, s);
  if (a.margin > 0) {
    const float limit = positive.column >= 0 ? positive.max + a.margin * w.scale : kInfinity;
    exclude_above(w.width.dense, limit, s);
  }
  const double mean = a.smoothing > 0 ? sum(a.m, s) / static_cast<double>(a.m) : 0;
  const bool wants_g = w.needs_g && !w.two_sided;
  const auto statistics =
      a.row_entropy || a.grad_temperature ? weighted_row_statistics : row_statistics;
  const RowStatistics all = statistics(w.width.total(), s, wants_g ? exps : nullptr);
  RowResult row = describe_row(w, i, all, positive, mean);
  if (!wants_g) return row;
  if (!w.counts(i) || is_bad_label(a, i)) {
    std::fill_n(s, w.width.total(), w.counts(i) ? static_cast<float>(kNaN) : 0.0f);
    return row;
  }
  softmax_gradient(w, i, all, a.given_row_lse ? a.given_row_lse[i] : row.lse, positive, exps, s);
  if (a.column_bias) row.temperature -= dot(a.m, s, a.column_bias);
  return row;
}

void two_sided_gradient(const ContrastiveWork& w, int64_t i, float* s) {
  const ContrastiveArgs& a = w.args;
  const float q = w.row_scale[i];
  const auto lse = static_cast<float>(a.given_row_lse ? a.given_row_lse[i] : w.results[i].lse);
  const int64_t positive = w.positive_column(i);
  const float half = 0.5f * q;
  for (int64_t j = a.m; j < w.width.total(); ++j) s[j] = half * exp_float(s[j] - lse);
  if (a.margin > 0) {
    const float margin = a.margin * w.scale;
    two_sided_exps_below(a.m, lse, half, s[positive] + margin, w.column_lse, w.column_scale,
                         w.diagonal, margin, s);
  } else {
    two_sided_exps(a.m, lse, half, w.column_lse, w.column_scale, s);
  }
  if (positive >= 0) s[positive] -= q;
}

}  // namespace sslcuda::cpu
