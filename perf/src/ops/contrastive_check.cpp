#include "perf/src/ops/contrastive_check.hpp"

#include <map>
#include <numeric>

#include "tests/reference/infonce.hpp"

namespace sslcuda::perf {
namespace {

// The rows of a tensor as the scores take them: of unit length where the op normalises.
class Rows {
 public:
  Rows(const Numbers& x, int64_t d, bool normalize)
      : x_(x), d_(d), scale_(x.size() / static_cast<size_t>(d), 1.0) {
    if (!normalize) return;
    for (size_t i = 0; i < scale_.size(); ++i) {
      const Vector row = (*this)[static_cast<int64_t>(i)];
      scale_[i] = 1 / std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    }
  }
  Vector operator[](int64_t i) const {
    Vector row(static_cast<size_t>(d_));
    for (int64_t k = 0; k < d_; ++k) row[k] = scale_[i] * x_[i * d_ + k];
    return row;
  }
  // Gradient with respect to the row as it is given.
  Vector chained(int64_t i, Vector grad, bool normalize) const {
    if (!normalize) return grad;
    const Vector y = (*this)[i];
    const double along = std::inner_product(y.begin(), y.end(), grad.begin(), 0.0);
    for (int64_t k = 0; k < d_; ++k) grad[k] = scale_[i] * (grad[k] - y[k] * along);
    return grad;
  }

 private:
  Numbers x_;
  int64_t d_;
  Vector scale_;
};

double dot(const Vector& x, const Vector& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

// The loss in float64. A pair is a row and a slot: the column, or of SAMPLED the place in the row's
// list of columns.
class Family {
 public:
  Family(const ContrastiveTensors& t, const Values& v)
      : t_(t), a_(v.before(t.a), t.d, t.normalize), b_(v.before(t.b), t.d, t.normalize) {
    if (t.labels) labels_ = v.before(*t.labels);
    if (t.indices) indices_ = v.before(*t.indices);
    if (is_supcon()) find_classes();
    if (t.column_lse) column_lse_ = wide(v[*t.column_lse]);
    if (t.row_lse) {
      row_lse_ = wide(v[*t.row_lse]);
    } else if (t.kind != SSLCUDA_SIGLIP) {
      row_lse_ = wide(v[*t.row_loss]);
      for (int64_t i = 0; i < t.n; ++i) row_lse_[i] += score(i, positive_slot(i));
    }
  }

  double counted() const { return is_supcon() ? counted_ : static_cast<double>(t_.n); }

  double row_lse(int64_t i) const {
    Vector scores;
    over_row(i, [&](int64_t slot, double s) {
      if (!is_excluded(i, slot)) scores.push_back(s);
    });
    return reference::log_sum_exp(scores.data(), static_cast<int64_t>(scores.size()));
  }
  double column_lse(int64_t j) const {
    Vector scores;
    over_column(j, [&](int64_t, int64_t, double s) { scores.push_back(s); });
    return reference::log_sum_exp(scores.data(), static_cast<int64_t>(scores.size()));
  }
  double row_loss(int64_t i) const {
    switch (t_.kind) {
      case SSLCUDA_CLIP:
        return (row_lse(i) + column_lse(i) - 2 * score(i, i)) / 2;
      case SSLCUDA_SUPCON:
        return positives(i) == 0 ? 0 : row_lse(i) - positive_mean(i);
      case SSLCUDA_SUPCON_IN:
        return positives(i) == 0 ? 0 : row_lse(i) - positive_lse_[i] + std::log(positives(i));
      case SSLCUDA_SIGLIP: {
        double sum = 0;
        over_row(i, [&](int64_t slot, double s) {
          sum += std::log1p(std::exp(slot == i ? -(s + t_.bias) : s + t_.bias));
        });
        return sum;
      }
      default:
        return row_lse(i) - score(i, positive_slot(i));
    }
  }

  Vector grad_a(int64_t i) const {
    Vector grad(static_cast<size_t>(t_.d));
    over_row(i, [&](int64_t slot, double s) {
      const double g = gradient(i, slot, s) + (t_.self ? gradient(slot, i, s) : 0);
      add(g / t_.tau, b_[column(i, slot)], &grad);
    });
    return a_.chained(i, grad, t_.normalize);
  }
  Vector grad_b(int64_t j) const {
    Vector grad(static_cast<size_t>(t_.d));
    over_column(j, [&](int64_t i, int64_t slot, double s) {
      add(gradient(i, slot, s) / t_.tau, a_[i], &grad);
    });
    return b_.chained(j, grad, t_.normalize);
  }

 private:
  bool is_supcon() const { return t_.kind == SSLCUDA_SUPCON || t_.kind == SSLCUDA_SUPCON_IN; }
  bool is_excluded(int64_t i, int64_t slot) const { return t_.self && i == slot; }
  bool is_positive(int64_t i, int64_t slot) const {
    return is_supcon() ? labels_[i] == labels_[slot] : slot == positive_slot(i);
  }
  // Of a kind with one positive for each row.
  int64_t positive_slot(int64_t i) const {
    if (t_.kind == SSLCUDA_SAMPLED) return 0;
    if (t_.kind == SSLCUDA_NTXENT) return (i + t_.n / 2) % t_.n;
    return t_.labels ? labels_[i] : i;
  }
  int64_t column(int64_t i, int64_t slot) const {
    return t_.indices ? indices_[i * t_.sampled + slot] : slot;
  }
  double score(int64_t i, int64_t slot) const { return dot(a_[i], b_[column(i, slot)]) / t_.tau; }

  // visit(slot, score) of every pair of the row.
  template <class Visit>
  void over_row(int64_t i, const Visit& visit) const {
    const Vector row = a_[i];
    const int64_t slots = t_.indices ? t_.sampled : t_.m;
    for (int64_t slot = 0; slot < slots; ++slot) {
      visit(slot, dot(row, b_[column(i, slot)]) / t_.tau);
    }
  }
  // visit(row, slot, score) of every pair of the column.
  template <class Visit>
  void over_column(int64_t j, const Visit& visit) const {
    const Vector y = b_[j];
    for (int64_t i = 0; i < t_.n; ++i) {
      if (!t_.indices) visit(i, j, dot(a_[i], y) / t_.tau);
      for (int64_t slot = 0; slot < t_.sampled; ++slot) {
        if (column(i, slot) == j) visit(i, slot, dot(a_[i], y) / t_.tau);
      }
    }
  }

  // dL/ds of a pair.
  double gradient(int64_t i, int64_t slot, double s) const {
    if (is_excluded(i, slot)) return 0;
    const double u = 1 / counted();
    const bool positive = is_positive(i, slot);
    if (t_.kind == SSLCUDA_SIGLIP) return u * (1 / (1 + std::exp(-s - t_.bias)) - positive);
    const double p = std::exp(s - row_lse_[i]);
    switch (t_.kind) {
      case SSLCUDA_CLIP:
        return u * (p + std::exp(s - column_lse_[slot]) - 2 * positive) / 2;
      case SSLCUDA_SUPCON:
        return positives(i) == 0 ? 0 : u * (p - (positive ? 1 / positives(i) : 0));
      case SSLCUDA_SUPCON_IN:
        return positives(i) == 0 ? 0 : u * (p - (positive ? std::exp(s - positive_lse_[i]) : 0));
      default:
        return u * (p - positive);
    }
  }

  static void add(double factor, const Vector& x, Vector* sum) {
    for (size_t k = 0; k < x.size(); ++k) (*sum)[k] += factor * x[k];
  }

  // SupCon: who has the same label.
  void find_classes() {
    for (int64_t i = 0; i < t_.n; ++i) classes_[labels_[i]].push_back(i);
    for (const auto& [label, members] : classes_) {
      if (members.size() > 1) counted_ += static_cast<double>(members.size());
    }
    if (t_.kind != SSLCUDA_SUPCON_IN) return;
    positive_lse_.resize(static_cast<size_t>(t_.n));
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < t_.n; ++i) {
      if (positives(i) == 0) continue;
      const Vector scores = positive_scores(i);
      positive_lse_[i] = reference::log_sum_exp(scores.data(), static_cast<int64_t>(scores.size()));
    }
  }
  double positives(int64_t i) const {
    return static_cast<double>(classes_.at(labels_[i]).size() - 1);
  }
  Vector positive_scores(int64_t i) const {
    Vector scores;
    for (const int64_t j : classes_.at(labels_[i])) {
      if (j != i) scores.push_back(score(i, j));
    }
    return scores;
  }
  double positive_mean(int64_t i) const {
    const Vector scores = positive_scores(i);
    return std::accumulate(scores.begin(), scores.end(), 0.0) / positives(i);
  }

  const ContrastiveTensors& t_;
  Rows a_, b_;
  std::span<const int64_t> labels_, indices_;
  Vector row_lse_, column_lse_;  // of all, from the result
  std::map<int64_t, std::vector<int64_t>> classes_;
  double counted_ = 0;
  Vector positive_lse_;
};

// What `compute` gives for each of the indices, one after the other.
template <class Compute>
Vector each_of(const std::vector<int64_t>& indices, const Compute& compute) {
  std::vector<Vector> parts(indices.size());
#pragma omp parallel for schedule(dynamic)
  for (size_t i = 0; i < indices.size(); ++i) parts[i] = compute(indices[i]);
  Vector all;
  for (const Vector& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

void check_contrastive(const ContrastiveTensors& t, const Values& v, Checker& checker) {
  const Family family(t, v);
  const auto rows = some_of(t.n), columns = some_of(t.m);
  // A score of unit rows is off by about sqrt(d) u / tau, a probability by as much of itself.
  const DType& type = *t.a.type;
  double tolerance = sum_tolerance(t.d) / t.tau + sum_tolerance(t.n);
  if (type.code == SSLCUDA_TF32) tolerance += 2 * roundoff(type) / t.tau;
  if (t.row_lse) {
    checker.compare("row_lse", rows_of(v[*t.row_lse], 1, rows),
                    each_of(rows, [&](int64_t i) { return Vector{family.row_lse(i)}; }), tolerance);
  }
  if (t.column_lse) {
    checker.compare("column_lse", rows_of(v[*t.column_lse], 1, columns),
                    each_of(columns, [&](int64_t j) { return Vector{family.column_lse(j)}; }),
                    tolerance);
  }
  if (t.row_loss) {
    checker.compare("row_loss", rows_of(v[*t.row_loss], 1, rows),
                    each_of(rows, [&](int64_t i) { return Vector{family.row_loss(i)}; }),
                    tolerance);
  }
  if (t.loss) {
    const Vector losses = wide(v[*t.row_loss]);
    const double sum = std::accumulate(losses.begin(), losses.end(), 0.0);
    checker.compare("loss", wide(v[*t.loss]), {sum / family.counted()}, sum_tolerance(t.n));
  }
  // Gradients of the scores are rounded to the type, and the results of the products again.
  const double of_gradients = 2 * tolerance + (type.code == SSLCUDA_F32 ? 0 : 4 * roundoff(type));
  if (t.grad_a) {
    checker.compare("grad_a", rows_of(v[*t.grad_a], t.d, rows),
                    each_of(rows, [&](int64_t i) { return family.grad_a(i); }), of_gradients);
  }
  if (t.grad_b) {
    checker.compare("grad_b", rows_of(v[*t.grad_b], t.d, columns),
                    each_of(columns, [&](int64_t j) { return family.grad_b(j); }), of_gradients);
  }
}

}  // namespace sslcuda::perf
