// contrastive_pairs.hpp - which pairs the losses of the contrastive family are made of: arguments,
// candidates of each row, their products, positives, and pairs that do not count.
#pragma once

#include <algorithm>
#include <optional>

#include "sslcuda.h"
#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

using Integers = std::vector<int64_t>;

// As sslcuda_contrastive_args; what is empty is not given.
struct ContrastiveInput {
  int32_t kind;
  int64_t n, m, d;
  Vector a, b;  // NTXENT, SUPCON, SUPCON_IN without b: b is a, and m is n
  bool normalize = false;
  double tau = 1, max_scale = 0;
  std::optional<double> log_scale = {};

  Integers labels = {}, column_labels = {};
  int64_t ignore_index = -100;
  Vector weights = {}, positives = {}, negatives = {};
  int64_t negatives_per_row = 0;
  Integers indices = {};
  int64_t sampled = 0;

  Integers row_ids = {}, column_ids = {};
  std::vector<bool> mask = {};  // [n, m]
  double margin = 0;

  double bias = 0;
  Vector column_bias = {};
  double smoothing = 0, z_loss = 0;

  int64_t first_row = 0, first_column = 0, total_rows = 0, total_columns = 0;
  Vector given_row_lse = {}, given_column_lse = {};

  double grad_loss = 1;
  Vector grad_row_loss = {};

  bool within_a() const {
    return kind == SSLCUDA_NTXENT || kind == SSLCUDA_SUPCON || kind == SSLCUDA_SUPCON_IN;
  }
  bool self() const { return within_a() && b.empty(); }
  bool is_ignored(int64_t i) const { return !labels.empty() && labels[i] == ignore_index; }
  int64_t all_rows() const { return total_rows ? total_rows : n; }
  int64_t all_columns() const { return total_columns ? total_columns : m; }
  double unlimited_scale() const { return log_scale ? std::exp(*log_scale) : 1 / tau; }
  bool limited() const { return max_scale > 0 && unlimited_scale() > max_scale; }
  double scale() const { return limited() ? max_scale : unlimited_scale(); }
  // The row at the same place as column j, or -1 if it is not in this part.
  int64_t row_of_column(int64_t j) const {
    const int64_t i = first_column + j - first_row;
    return j < m && i >= 0 && i < n ? i : -1;
  }
};

// What each row is scored against: rows index[i, 0 ... width - 1] of one table, which is b, then
// positives, then negatives. In SAMPLED they are those sampled, else all of b and one's own.
struct Candidates {
  int64_t width = 0;
  Vector table;  // [count, d]
  Integers index;

  int64_t at(int64_t i, int64_t j) const { return index[i * width + j]; }
};

inline Candidates candidates(const ContrastiveInput& in) {
  Candidates c;
  c.table = in.self() ? in.a : in.b;
  c.table.insert(c.table.end(), in.positives.begin(), in.positives.end());
  c.table.insert(c.table.end(), in.negatives.begin(), in.negatives.end());
  if (in.kind == SSLCUDA_SAMPLED) {
    c.width = in.sampled;
    c.index = in.indices;
    return c;
  }
  const bool own_positive = !in.positives.empty();
  c.width = in.m + own_positive + in.negatives_per_row;
  for (int64_t i = 0; i < in.n; ++i) {
    for (int64_t j = 0; j < in.m; ++j) c.index.push_back(j);
    if (own_positive) c.index.push_back(in.m + i);
    const int64_t first = in.m + own_positive * in.n + i * in.negatives_per_row;
    for (int64_t k = 0; k < in.negatives_per_row; ++k) c.index.push_back(first + k);
  }
  return c;
}

// <a[i], candidate j of i>, [n, width]
inline Vector products(int64_t n, int64_t d, const Vector& a, const Candidates& c) {
  Vector x = zeros(n * c.width);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < c.width; ++j) {
      const double* const other = &c.table[c.at(i, j) * d];
      for (int64_t k = 0; k < d; ++k) x[i * c.width + j] += a[i * d + k] * other[k];
    }
  }
  return x;
}

struct ProductGradients {
  Vector a, table;
};

// Gradients of products() for g = dL/dx.
inline ProductGradients products_backward(int64_t n, int64_t d, const Vector& a,
                                          const Candidates& c, const Vector& g) {
  ProductGradients grad{zeros(n * d), zeros(static_cast<int64_t>(c.table.size()))};
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < c.width; ++j) {
      const double g_ij = g[i * c.width + j];
      const int64_t other = c.at(i, j) * d;
      for (int64_t k = 0; k < d; ++k) {
        grad.a[i * d + k] += g_ij * c.table[other + k];
        grad.table[other + k] += g_ij * a[i * d + k];
      }
    }
  }
  return grad;
}

inline bool is_positive(const ContrastiveInput& in, int64_t i, int64_t j) {
  if (in.kind == SSLCUDA_SAMPLED) return j == 0;
  if (in.is_ignored(i)) return false;
  if (!in.positives.empty()) return j == in.m;
  if (j >= in.m) return false;
  const int64_t row = in.first_row + i, column = in.first_column + j;
  if (in.kind == SSLCUDA_NTXENT) return column == (row + in.all_rows() / 2) % in.all_rows();
  if (in.within_a()) {
    const Integers& classes = in.column_labels.empty() ? in.labels : in.column_labels;
    return classes[j] == in.labels[i] && row != column;
  }
  return column == (in.labels.empty() ? row : in.labels[i]);
}

// Is the pair left out, for what it is or for a score above that of its positive?
inline bool is_excluded(const ContrastiveInput& in, const Candidates& c, int64_t i, int64_t j,
                        double score, double positive) {
  if (is_positive(in, i, j)) return false;
  if (in.kind == SSLCUDA_SAMPLED) {
    const auto row = [&](int64_t k) { return in.b.begin() + c.at(i, k) * in.d; };
    return std::equal(row(0), row(0) + in.d, row(j));
  }
  if (j >= in.m) return false;
  if (in.within_a() && in.first_row + i == in.first_column + j) return true;
  if (!in.row_ids.empty() && in.row_ids[i] == in.column_ids[j]) return true;
  if (!in.mask.empty() && in.mask[i * in.m + j]) return true;
  return in.margin > 0 && (score - positive) / in.scale() > in.margin;
}

}  // namespace sslcuda::reference
