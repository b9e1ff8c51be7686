// contrastive.hpp - the contrastive family: loss, statistics and gradients of every kind, each from
// its own formula in sslcuda.h. Holds the scores of all pairs.
#pragma once

#include "tests/reference/activation.hpp"
#include "tests/reference/contrastive_pairs.hpp"
#include "tests/reference/infonce.hpp"

namespace sslcuda::reference {

struct Contrastive {
  double loss = 0, top1 = 0;
  Vector row_loss, row_lse, column_lse, row_positive, row_entropy;
  Vector grad_a, grad_b, grad_positives, grad_negatives, grad_column_bias;
  double grad_temperature = 0, grad_bias = 0;

  // What tolerances are made of. Of rows, [n]:
  Vector u, q;   // what row_loss is multiplied with in the loss, and before gradients are taken
  Vector lead;   // best positive less the best other score; infinite where one is missing
  Vector slope;  // sum over the pairs of |d row_loss / d s|
  // Of pairs, [n, width]:
  Vector s, g;  // scores, and the gradient with respect to them
  Vector soft;  // size of what in g is a function of scores, and so as wrong as they are
  // What was multiplied: rows of unit length with normalize.
  Normalized unit_a, unit_table;
  Candidates units;
};

inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

// Computes a Contrastive in steps.
class ContrastiveCall {
 public:
  explicit ContrastiveCall(const ContrastiveInput& input) : in_(input) {}

  Contrastive run() {
    score();
    describe_rows();
    if (in_.kind == SSLCUDA_CLIP) describe_columns();
    sum_losses();
    differentiate_rows();
    if (in_.kind == SSLCUDA_CLIP) differentiate_columns();
    differentiate_inputs();
    return std::move(out_);
  }

 private:
  int64_t width() const { return out_.units.width; }
  int64_t at(int64_t i, int64_t j) const { return i * width() + j; }
  double s(int64_t i, int64_t j) const { return out_.s[at(i, j)]; }
  bool in_b(int64_t j) const { return in_.kind != SSLCUDA_SAMPLED && j < in_.m; }

  void score() {
    Candidates& c = out_.units = candidates(in_);
    const auto count = static_cast<int64_t>(c.table.size()) / in_.d;
    out_.unit_a = l2_normalize_forward(in_.n, in_.d, in_.a);
    out_.unit_table = l2_normalize_forward(count, in_.d, c.table);
    if (!in_.normalize) out_.unit_a.y = in_.a, out_.unit_table.y = c.table;
    c.table = out_.unit_table.y;
    out_.s = products(in_.n, in_.d, out_.unit_a.y, c);
    for (int64_t i = 0; i < in_.n; ++i) {
      for (int64_t j = 0; j < width(); ++j) {
        out_.s[at(i, j)] *= in_.scale();
        if (!in_.column_bias.empty() && j < in_.m) out_.s[at(i, j)] += in_.column_bias[j];
      }
    }
  }

  // Log-sum-exps, and what there is to know of a row's positives. Rows that do not count have all
  // of it too.
  void describe_rows() {
    row_counts_.assign(out_.s.size(), false);
    for (int64_t i = 0; i < in_.n; ++i) {
      Vector counted, positives, others;
      for (int64_t j = 0; j < width(); ++j) {
        if (is_positive(in_, i, j)) positives.push_back(s(i, j));
      }
      const double positive = mean(positives);
      for (int64_t j = 0; j < width(); ++j) {
        if (is_excluded(in_, out_.units, i, j, s(i, j), positive)) continue;
        row_counts_[at(i, j)] = true;
        counted.push_back(s(i, j));
        if (!is_positive(in_, i, j)) others.push_back(s(i, j));
      }
      const double lse = lse_of(counted);
      double entropy = 0;
      for (const double score : counted) entropy += std::exp(score - lse) * (lse - score);
      out_.row_lse.push_back(in_.given_row_lse.empty() ? lse : in_.given_row_lse[i]);
      out_.row_entropy.push_back(entropy);
      out_.row_positive.push_back(positive);
      positive_count_.push_back(static_cast<double>(positives.size()));
      positive_lse_.push_back(lse_of(positives));
      out_.lead.push_back(largest(positives) - largest(others));
    }
  }
  static double mean(const Vector& x) {
    double sum = 0;
    for (const double value : x) sum += value / static_cast<double>(x.size());
    return sum;
  }
  static double largest(const Vector& x) {
    return x.empty() ? -HUGE_VAL : *std::max_element(x.begin(), x.end());
  }
  static double lse_of(const Vector& x) {
    return x.empty() ? -HUGE_VAL : log_sum_exp(x.data(), static_cast<int64_t>(x.size()));
  }

  void describe_columns() {
    column_counts_.assign(out_.s.size(), false);
    for (int64_t j = 0; j < in_.m; ++j) {
      Vector counted;
      const int64_t row = in_.row_of_column(j);
      const double positive = row < 0 ? 0 : s(row, j);
      for (int64_t i = 0; i < in_.n; ++i) {
        if (is_excluded(in_, out_.units, i, j, s(i, j), positive)) continue;
        column_counts_[at(i, j)] = true;
        counted.push_back(s(i, j));
      }
      const bool given = !in_.given_column_lse.empty();
      out_.column_lse.push_back(given ? in_.given_column_lse[j] : lse_of(counted));
    }
  }

  bool counts(int64_t i) const {
    if (in_.is_ignored(i)) return false;
    if (!in_.weights.empty() && in_.weights[i] == 0) return false;
    const bool needs_positive = in_.kind == SSLCUDA_SUPCON || in_.kind == SSLCUDA_SUPCON_IN;
    return !needs_positive || positive_count_[i] > 0;
  }
  double weight(int64_t i) const { return in_.weights.empty() ? 1 : in_.weights[i]; }

  double row_loss(int64_t i) const {
    const double r = out_.row_lse[i], positive = out_.row_positive[i];
    if (in_.kind == SSLCUDA_SUPCON_IN) {
      return r - (positive_lse_[i] - std::log(positive_count_[i]));
    }
    if (in_.kind == SSLCUDA_CLIP) {
      const int64_t j = in_.first_row + i - in_.first_column;
      const bool here = j >= 0 && j < in_.m;
      return (r + (here ? out_.column_lse[j] : 0) - 2 * positive) / 2;
    }
    if (in_.kind != SSLCUDA_SIGLIP && in_.smoothing == 0) {
      return r - positive + in_.z_loss * r * r;
    }
    double sum = 0;
    for (int64_t j = 0; j < in_.m; ++j) {
      if (!row_counts_[at(i, j)]) continue;
      const double x = s(i, j) + in_.bias;
      sum += in_.kind == SSLCUDA_SIGLIP ? softplus(is_positive(in_, i, j) ? -x : x) : s(i, j);
    }
    if (in_.kind == SSLCUDA_SIGLIP) return sum;
    const auto m = static_cast<double>(in_.all_columns());
    return r - (1 - in_.smoothing) * positive - in_.smoothing / m * sum + in_.z_loss * r * r;
  }

  void sum_losses() {
    double total = 0, counted = 0, hits = 0;
    for (int64_t i = 0; i < in_.n; ++i) {
      if (!counts(i)) continue;
      total += weight(i);
      counted += 1;
      hits += out_.lead[i] >= 0;
    }
    if (in_.total_rows) total = static_cast<double>(in_.total_rows);
    for (int64_t i = 0; i < in_.n; ++i) {
      const double u = counts(i) ? weight(i) / total : 0;
      out_.u.push_back(u);
      out_.row_loss.push_back(counts(i) ? row_loss(i) : 0);
      out_.loss += u * out_.row_loss[i];
      const double upstream = in_.grad_row_loss.empty() ? u : in_.grad_row_loss[i];
      out_.q.push_back(counts(i) ? in_.grad_loss * upstream : 0);
    }
    if (counted > 0) out_.top1 = hits / counted;
  }

  // d row_loss[i] / d s[i,j], of CLIP without its half of columns, and its part `soft`.
  struct Slope {
    double value, soft;
  };
  Slope slope(int64_t i, int64_t j) const {
    const bool positive = is_positive(in_, i, j);
    if (in_.kind == SSLCUDA_SIGLIP) {
      const double p = sigmoid(s(i, j) + in_.bias);
      return {p - positive, p};
    }
    const double r = out_.row_lse[i], p = std::exp(s(i, j) - r);
    if (in_.kind == SSLCUDA_CLIP) return {(p - positive) / 2, p / 2};
    if (in_.kind == SSLCUDA_SUPCON_IN) {
      const double within = positive ? std::exp(s(i, j) - positive_lse_[i]) : 0;
      return {p - within, p + within};
    }
    const double share = positive ? (1 - in_.smoothing) / positive_count_[i] : 0;
    const double uniform = in_b(j) ? in_.smoothing / static_cast<double>(in_.all_columns()) : 0;
    const double soft = p * (1 + 2 * in_.z_loss * r);
    return {soft - share - uniform, p * (1 + 2 * in_.z_loss * (std::fabs(r) + 1))};
  }
  void differentiate_rows() {
    out_.g = out_.soft = zeros(static_cast<int64_t>(out_.s.size()));
    out_.slope = zeros(in_.n);
    for (int64_t i = 0; i < in_.n; ++i) {
      for (int64_t j = 0; j < width(); ++j) {
        if (!row_counts_[at(i, j)] || !counts(i)) continue;
        const Slope of = slope(i, j);
        out_.slope[i] += std::fabs(of.value);
        out_.g[at(i, j)] = out_.q[i] * of.value;
        out_.soft[at(i, j)] = std::fabs(out_.q[i]) * of.soft;
      }
    }
  }
  void differentiate_columns() {
    for (int64_t j = 0; j < in_.m; ++j) {
      const int64_t row = in_.row_of_column(j);
      const double elsewhere = in_.grad_loss / static_cast<double>(in_.all_rows());
      const double q = row < 0 ? elsewhere : out_.q[row];
      for (int64_t i = 0; i < in_.n; ++i) {
        if (!column_counts_[at(i, j)]) continue;
        const double p = std::exp(s(i, j) - out_.column_lse[j]);
        out_.g[at(i, j)] += q * (p - is_positive(in_, i, j)) / 2;
        out_.soft[at(i, j)] += std::fabs(q) * p / 2;
      }
    }
  }

  // Rows [first, first + count) of grad_table.
  Vector part(const Vector& grad_table, int64_t first, int64_t count) const {
    return Vector(grad_table.begin() + first * in_.d, grad_table.begin() + (first + count) * in_.d);
  }
  void differentiate_inputs() {
    Vector scaled = out_.g;
    double sum = 0;
    out_.grad_column_bias = zeros(in_.m);
    for (int64_t i = 0; i < in_.n; ++i) {
      for (int64_t j = 0; j < width(); ++j) {
        const double g = out_.g[at(i, j)];
        scaled[at(i, j)] = g * in_.scale();
        const double bias = in_.column_bias.empty() || !in_b(j) ? 0 : in_.column_bias[j];
        sum += g == 0 ? 0 : g * (s(i, j) - bias);
        out_.grad_bias += g;
        if (in_b(j)) out_.grad_column_bias[j] += g;
      }
    }
    out_.grad_temperature = in_.limited() ? 0 : in_.log_scale ? sum : -sum / in_.tau;

    auto grad = products_backward(in_.n, in_.d, out_.unit_a.y, out_.units, scaled);
    if (in_.normalize) {
      const auto back = [&](const Normalized& unit, const Vector& g) {
        const auto count = static_cast<int64_t>(unit.norms.size());
        return l2_normalize_backward(count, in_.d, unit.y, unit.norms, g);
      };
      grad = {back(out_.unit_a, grad.a), back(out_.unit_table, grad.table)};
    }
    if (in_.self()) {
      for (size_t k = 0; k < grad.a.size(); ++k) grad.a[k] += grad.table[k];
    }
    out_.grad_a = grad.a;
    const auto positives = static_cast<int64_t>(in_.positives.size()) / in_.d;
    out_.grad_b = part(grad.table, 0, in_.m);
    out_.grad_positives = part(grad.table, in_.m, positives);
    out_.grad_negatives = part(grad.table, in_.m + positives, in_.n * in_.negatives_per_row);
  }

  const ContrastiveInput& in_;
  std::vector<bool> row_counts_, column_counts_;  // of the pairs, for the row's and column's LSE
  Vector positive_count_, positive_lse_;
  Contrastive out_;
};

inline Contrastive contrastive(const ContrastiveInput& input) {
  return ContrastiveCall(input).run();
}

}  // namespace sslcuda::reference
