// contrastive_expectation.hpp - the reference's outputs by name, each with how far from it a call
// may be that works in float32 on inputs of the storage type.
#pragma once

#include "tests/ops/contrastive_call.hpp"
#include "tests/reference/contrastive.hpp"

namespace sslcuda::test {

struct Expected {
  Vector value, tolerance;
};

// With d products per score, S = sum |a||b| / tau:
//   score        delta = (4 sqrt(d) + 8) u S, and what TF32 makes of the factors
//   LSE          delta of its worst score
//   probability  p (exp(2 delta) - 1)
//   G            its probabilities', and what rounding it for the second product takes
//   gradient     all of these, weighted as it weighs G, and its own rounding
// and everywhere own(k) = (8 + 4 sqrt(k)) u for a sum of k numbers.
class Expectation {
 public:
  Expectation(const ContrastiveInput& in, int32_t dtype)
      : in_(in), dtype_(dtype), r_(reference::contrastive(in)) {
    bound_scores();
    bound_rows();
    bound_score_gradients();
    bound_gradients();
  }

  const reference::Contrastive& reference() const { return r_; }
  const std::map<std::string, Expected>& outputs() const { return expected_; }
  const Expected& at(const std::string& name) const { return expected_.at(name); }

 private:
  static double own(int64_t terms) { return (8 + 4 * std::sqrt(static_cast<double>(terms))) * kU; }
  int64_t width() const { return r_.units.width; }
  size_t pair(int64_t i, int64_t j) const { return static_cast<size_t>(i * width() + j); }

  void bound_scores() {
    abs_a_ = reference::absolute(r_.unit_a.y);
    abs_units_ = r_.units;
    abs_units_.table = reference::absolute(abs_units_.table);
    sizes_ = reference::products(in_.n, in_.d, abs_a_, abs_units_);
    row_delta_ = reference::zeros(in_.n);
    column_delta_ = reference::zeros(in_.kind == SSLCUDA_CLIP ? in_.m : 0);
    const double products = (4 * std::sqrt(in_.d) + 8) * kU + product_roundoff(dtype_);
    for (int64_t i = 0; i < in_.n; ++i) {
      for (int64_t j = 0; j < width(); ++j) {
        double& size = sizes_[pair(i, j)];
        size *= in_.scale();
        double delta = products * size;
        if (!in_.column_bias.empty() && j < in_.m) delta += 2 * kU * std::fabs(in_.column_bias[j]);
        if (!std::isfinite(r_.s[pair(i, j)])) continue;
        row_delta_[i] = std::max(row_delta_[i], delta);
        if (j < std::ssize(column_delta_)) column_delta_[j] = std::max(column_delta_[j], delta);
      }
    }
  }

  // Of the scores in the sums of row i and of column j.
  double delta(int64_t i, int64_t j) const {
    const bool has_column = j >= 0 && j < std::ssize(column_delta_);
    return has_column ? std::max(row_delta_[i], column_delta_[j]) : row_delta_[i];
  }
  double largest_size(int64_t i) const {
    const auto row = sizes_.begin() + i * width();
    return width() == 0 ? 0 : *std::max_element(row, row + width());
  }

  void expect(const std::string& name, const Vector& value, const Vector& tolerance) {
    expected_[name] = {value, tolerance};
  }
  void expect(const std::string& name, double value, double tolerance) {
    expect(name, Vector{value}, Vector{tolerance});
  }

  void bound_rows() {
    Vector loss, lse, column_lse, positive, entropy;
    double mean = 0, counted = 0, close = 0;
    const double sum = own(width());
    const auto size = [](double x) { return std::max(1.0, std::fabs(x)); };
    for (int64_t i = 0; i < in_.n; ++i) {
      const double delta = this->delta(i, in_.first_row + i - in_.first_column);
      const double row_loss = std::max(2.0, r_.slope[i]) * delta +
                              sum * (size(r_.row_loss[i]) + in_.smoothing * largest_size(i));
      const bool counts = r_.u[i] != 0;
      loss.push_back(counts ? row_loss : 0);
      lse.push_back(row_delta_[i] + sum * size(r_.row_lse[i]));
      positive.push_back(row_delta_[i] + sum * std::fabs(r_.row_positive[i]));
      entropy.push_back((2 * row_delta_[i] + sum) * (1 + r_.row_entropy[i]));
      mean += r_.u[i] * (loss[i] + own(in_.n) * std::fabs(r_.row_loss[i]));
      counted += counts;
      close += counts && std::fabs(r_.lead[i]) <= 2 * row_delta_[i];
    }
    for (int64_t j = 0; j < std::ssize(r_.column_lse); ++j) {
      column_lse.push_back(column_delta_[j] + own(in_.n) * size(r_.column_lse[j]));
    }
    expect("loss", r_.loss, mean);
    expect("row_loss", r_.row_loss, loss);
    expect("row_lse", r_.row_lse, lse);
    expect("column_lse", r_.column_lse, column_lse);
    expect("row_positive", r_.row_positive, positive);
    expect("row_entropy", r_.row_entropy, entropy);
    expect("top1", r_.top1, counted == 0 ? 0 : close / counted + 4 * kU);
  }

  void bound_score_gradients() {
    g_tolerance_ = r_.soft;
    const double sum = own(std::max({width(), in_.n, in_.normalize ? in_.d : 0}));
    for (int64_t i = 0; i < in_.n; ++i) {
      for (int64_t j = 0; j < width(); ++j) {
        double& tolerance = g_tolerance_[pair(i, j)];
        tolerance *= std::expm1(2 * delta(i, j)) + sum;
        tolerance += sum * std::fabs(r_.g[pair(i, j)]);
      }
    }
    double temperature = 0, bias = 0;
    Vector column_bias = reference::zeros(in_.m);
    for (int64_t i = 0; i < in_.n; ++i) {
      for (int64_t j = 0; j < width(); ++j) {
        const double g = std::fabs(r_.g[pair(i, j)]), tolerance = g_tolerance_[pair(i, j)];
        temperature += tolerance * sizes_[pair(i, j)] + g * delta(i, j);
        bias += tolerance;
        if (j < in_.m && in_.kind != SSLCUDA_SAMPLED) column_bias[j] += tolerance;
      }
    }
    if (in_.limited()) temperature = 0;
    expect("grad_temperature", r_.grad_temperature, temperature / (in_.log_scale ? 1 : in_.tau));
    expect("grad_bias", r_.grad_bias, bias);
    expect("grad_column_bias", r_.grad_column_bias, column_bias);
  }

  void bound_gradients() {
    double largest = 0;
    for (const double q : r_.q) largest = std::max(largest, std::fabs(q));
    const double rounding = is_16_bit(dtype_) ? storage_roundoff(dtype_) : product_roundoff(dtype_);
    Vector weights = g_tolerance_;
    for (size_t k = 0; k < weights.size(); ++k) {
      weights[k] += std::fabs(r_.g[k]) * rounding;
      if (is_16_bit(dtype_)) weights[k] += 2 * largest * smallest_step(dtype_);
      weights[k] *= in_.scale();
    }
    auto grad = reference::products_backward(in_.n, in_.d, abs_a_, abs_units_, weights);
    if (in_.normalize) {
      grad.a = normalize_tolerance(r_.unit_a, grad.a);
      grad.table = normalize_tolerance(r_.unit_table, grad.table);
    }
    if (in_.self()) {
      for (size_t k = 0; k < grad.a.size(); ++k) grad.a[k] += grad.table[k];
    }
    auto next = grad.table.begin();
    const auto part = [&](const Vector& value) {
      next += std::ssize(value);
      return Vector(next - std::ssize(value), next);
    };
    expect_stored("grad_a", r_.grad_a, grad.a);
    expect_stored("grad_b", r_.grad_b, part(r_.grad_b));
    expect_stored("grad_positives", r_.grad_positives, part(r_.grad_positives));
    expect_stored("grad_negatives", r_.grad_negatives, part(r_.grad_negatives));
  }

  // That of (g - y <y, g>) / |x|.
  Vector normalize_tolerance(const reference::Normalized& unit, Vector tolerance) const {
    for (size_t i = 0; i < unit.norms.size(); ++i) {
      double along = 0;
      const auto k = [&](int64_t j) { return static_cast<int64_t>(i) * in_.d + j; };
      for (int64_t j = 0; j < in_.d; ++j) along += std::fabs(unit.y[k(j)]) * tolerance[k(j)];
      for (int64_t j = 0; j < in_.d; ++j) {
        double& t = tolerance[k(j)];
        t = unit.norms[i] == 0 ? 0 : (t + std::fabs(unit.y[k(j)]) * along) / unit.norms[i];
      }
    }
    return tolerance;
  }

  void expect_stored(const std::string& name, const Vector& value, Vector tolerance) {
    for (size_t k = 0; k < value.size(); ++k) {
      tolerance[k] += storage_roundoff(dtype_) * std::fabs(value[k]) + smallest_step(dtype_);
    }
    expect(name, value, tolerance);
  }

  const ContrastiveInput in_;
  const int32_t dtype_;
  const reference::Contrastive r_;
  Vector abs_a_, sizes_, row_delta_, column_delta_, g_tolerance_;
  reference::Candidates abs_units_;
  std::map<std::string, Expected> expected_;
};

// All outputs that were asked for are within their tolerances.
inline void expect_outputs(const Expectation& expected, const Outputs& actual) {
  for (const auto& [name, values] : actual) {
    const auto& [value, tolerance] = expected.at(name);
    expect_within(name.c_str(), values, value, tolerance);
  }
}

// The largest error of all outputs, as a share of its tolerance.
inline double largest_share(const Expectation& expected, const Outputs& actual) {
  double largest = 0;
  for (const auto& [name, values] : actual) {
    const auto& [value, tolerance] = expected.at(name);
    for (size_t k = 0; k < values.size(); ++k) {
      const double error = std::fabs(values[k] - value[k]);
      if (error > 0) largest = std::max(largest, error / tolerance[k]);
    }
  }
  return largest;
}

}  // namespace sslcuda::test
