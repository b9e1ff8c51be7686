// test_large_losses.cpp - scores and losses: every tensor index beyond 2^31 on a GPU (large.hpp).
#include "tests/gpu/large.hpp"
#include "tests/reference/cross_entropy.hpp"
#include "tests/reference/mse.hpp"

namespace sslcuda::test {
namespace {

class LargeLosses : public LargeTest {
 protected:
  const Pattern<float> a_ = normal_pattern(1), b_ = normal_pattern(2), g_ = normal_pattern(3);
};

// Rows [first, first + count) of a matrix of that width that repeats the pattern.
Vector rows(const Pattern<float>& pattern, int64_t width, int64_t first, int64_t count) {
  Vector x;
  for (int64_t i = first * width; i < (first + count) * width; ++i) x.push_back(pattern[i]);
  return x;
}

TEST_P(LargeLosses, L2Normalize) {
  constexpr int64_t kWidth = 1031;
  const int64_t n = rows_of(kWidth), count = n * kWidth;
  if (!fits(3 * count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), count, a_), y(context(), count), norms(context(), n);
  run([&] { return sslcuda_l2_normalize_forward(context(), SSLCUDA_F32, n, kWidth, x, y, norms); });
  const Large<float> grad(context(), count, g_);
  run([&] {
    return sslcuda_l2_normalize_backward(context(), SSLCUDA_F32, n, kWidth, y, norms, grad, grad);
  });
  constexpr double kTolerance = 140 * kU;  // 8 + 4 sqrt(width) roundings
  for (const int64_t row : rows_at(places(count), kWidth)) {
    const auto expected = reference::l2_normalize_forward(1, kWidth, rows(a_, kWidth, row, 1));
    const Vector grad_x = reference::l2_normalize_backward(1, kWidth, expected.y, expected.norms,
                                                           rows(g_, kWidth, row, 1));
    expect_at("norms", norms, row, expected.norms[0], kTolerance * expected.norms[0]);
    const int64_t first = row * kWidth;
    expect_within("y", y.read(first, kWidth), expected.y, kTolerance);
    expect_within("grad_x", grad.read(first, kWidth), grad_x, kTolerance);
  }
}

TEST_P(LargeLosses, Similarity) {
  constexpr int64_t kWidth = 19;
  constexpr float kTau = 0.5f;
  const int64_t n = side(), m = n + 1;
  if (!fits(n * m)) GTEST_SKIP() << kShort;
  const Large<float> a(context(), n * kWidth, a_), b(context(), m * kWidth, b_);
  const Large<float> s(context(), n * m);
  run([&] {
    return sslcuda_similarity_forward(context(), SSLCUDA_F32, n, m, kWidth, a, kWidth, b, kWidth, 0,
                                      kTau, nullptr, s, m);
  });
  for (const int64_t i : places(n * m)) {
    Sum sum;
    for (int64_t k = 0; k < kWidth; ++k) {
      sum.add(double{a_[i / m * kWidth + k]} * b_[i % m * kWidth + k] / kTau);
    }
    expect_sum("s", s, i, sum);
  }
  s.fill(g_);
  const Large<float> grad_a(context(), n * kWidth), grad_b(context(), m * kWidth);
  run([&] {
    return sslcuda_similarity_backward(context(), SSLCUDA_F32, n, m, kWidth, a, kWidth, b, kWidth,
                                       0, kTau, nullptr, s, m, grad_a, grad_b, nullptr);
  });
  for (const int64_t i : places(n * kWidth)) {
    Sum sum;
    for (int64_t j = 0; j < m; ++j) {
      sum.add(double{g_[i / kWidth * m + j]} * b_[j * kWidth + i % kWidth] / kTau);
    }
    expect_sum("grad_a", grad_a, i, sum);
  }
  for (const int64_t j : places(m * kWidth)) {
    Sum sum;
    for (int64_t i = 0; i < n; ++i) {
      sum.add(double{g_[i * m + j / kWidth]} * a_[i * kWidth + j % kWidth] / kTau);
    }
    expect_sum("grad_b", grad_b, j, sum);
  }
}

// More than 2^31 scores, of which none is stored for long.
TEST_P(LargeLosses, InfoNceManyRows) {
  constexpr int64_t kWidth = 16;
  const int64_t n = side();
  const Large<float> a(context(), n * kWidth, a_), b(context(), n * kWidth, b_);
  const Large<float> loss(context(), 1), row_loss(context(), n), grad_a(context(), n * kWidth);
  run([&] {
    return sslcuda_infonce(context(), SSLCUDA_F32, n, kWidth, a, kWidth, b, kWidth, 1, nullptr,
                           nullptr, loss, row_loss, grad_a, nullptr, nullptr);
  });
  const Vector all_b = rows(b_, kWidth, 0, n);
  const double many = std::sqrt(static_cast<double>(n));
  for (const int64_t row : rows_at(places(n * kWidth, 10), kWidth)) {
    const Vector one_a = rows(a_, kWidth, row, 1);
    const reference::SimilarityShape shape{1, n, kWidth, false, 1};
    const Vector s = reference::scores(shape, one_a, all_b);
    const Vector sizes =
        reference::scores(shape, reference::absolute(one_a), reference::absolute(all_b));
    const double delta = 16 * kU * *std::max_element(sizes.begin(), sizes.end());
    const double lse = reference::log_sum_exp(s.data(), n), expected = lse - s[row];
    const double tolerance = 2 * delta + (8 + 4 * many) * kU * std::max(1.0, std::fabs(expected));
    expect_at("row_loss", row_loss, row, expected, tolerance);
    for (int64_t k = 0; k < kWidth; ++k) {
      Sum sum;
      for (int64_t j = 0; j < n; ++j) {
        sum.add((std::exp(s[j] - lse) - (j == row)) / static_cast<double>(n) *
                all_b[j * kWidth + k]);
      }
      expect_at("grad_a", grad_a, row * kWidth + k, sum.value,
                sum.tolerance() + 4 * delta * sum.absolute);
    }
  }
  double mean = 0;
  for (const float value : row_loss.read(0, n)) mean += value / static_cast<double>(n);
  expect_at("loss", loss, 0, mean, many * kU * mean);
}

// Four rows so wide that each starts far beyond what 31 bits index. All but a few columns are zero,
// so the reference is that of the few.
TEST_P(LargeLosses, InfoNceWideRows) {
  constexpr int64_t kRows = 4;
  const int64_t d = rows_of(kRows), count = kRows * d;
  if (!fits(4 * count)) GTEST_SKIP() << kShort;
  const Large<float> a(context(), count), b(context(), count);
  const Large<float> grad_a(context(), count), grad_b(context(), count), loss(context(), 1);
  a.fill(0);
  b.fill(0);
  const std::set<int64_t> columns = places(d, 10);
  const auto few = static_cast<int64_t>(columns.size());
  const Floats few_a = normal(kRows * few, 4, 0.3f), few_b = normal(kRows * few, 5, 0.3f);
  // Calls visit(index in the large matrix, index in the small one).
  const auto for_each = [&](const auto& visit) {
    for (int64_t row = 0; row < kRows; ++row) {
      int64_t at = row * few;
      for (const int64_t column : columns) visit(row * d + column, at++);
    }
  };
  for_each([&](int64_t i, int64_t at) {
    a.set(i, few_a[static_cast<size_t>(at)]);
    b.set(i, few_b[static_cast<size_t>(at)]);
  });
  run([&] {
    return sslcuda_infonce(context(), SSLCUDA_F32, kRows, d, a, d, b, d, 1, nullptr, nullptr, loss,
                           nullptr, grad_a, grad_b, nullptr);
  });
  const auto expected = reference::infonce(kRows, few, wide(few_a), wide(few_b), 1);
  constexpr double kTolerance = 1e-5;  // far above the roundings, far below the values
  expect_at("loss", loss, 0, expected.loss, kTolerance);
  for_each([&](int64_t i, int64_t at) {
    expect_at("grad_a", grad_a, i, expected.grad.a[at], kTolerance);
    expect_at("grad_b", grad_b, i, expected.grad.b[at], kTolerance);
  });
  for (const int64_t i : places(count)) {
    if (columns.contains(i % d)) continue;
    expect_at("grad_a", grad_a, i, 0, 0);
    expect_at("grad_b", grad_b, i, 0, 0);
  }
}

TEST_P(LargeLosses, CrossEntropy) {
  constexpr int64_t kClasses = 1031;
  const int64_t n = rows_of(kClasses), count = n * kClasses;
  if (!fits(2 * count)) GTEST_SKIP() << kShort;
  std::vector<int64_t> labels(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) labels[static_cast<size_t>(i)] = i * 7 % kClasses;
  const Buffer<int64_t> device_labels(context(), labels);
  const Large<float> logits(context(), count, a_), grad(context(), count);
  const Large<float> loss(context(), 1), row_loss(context(), n);
  run([&] {
    return sslcuda_cross_entropy(context(), SSLCUDA_F32, n, kClasses, logits, kClasses,
                                 device_labels, nullptr, -100, 0, nullptr, loss, row_loss, grad);
  });
  constexpr double kTolerance = 140 * kU;  // 8 + 4 sqrt(classes) roundings
  for (const int64_t row : rows_at(places(count), kClasses)) {
    const auto expected = reference::cross_entropy(
        {1, kClasses, rows(a_, kClasses, row, 1), {row * 7 % kClasses}, {}});
    expect_at("row_loss", row_loss, row, expected.row_loss[0], 10 * kTolerance);
    Vector grad_logits = expected.grad_logits;
    for (double& value : grad_logits) value /= static_cast<double>(n);
    expect_within("grad", grad.read(row * kClasses, kClasses), grad_logits,
                  kTolerance / static_cast<double>(n));
  }
  double mean = 0;
  for (const float value : row_loss.read(0, n)) mean += value / static_cast<double>(n);
  expect_at("loss", loss, 0, mean, std::sqrt(static_cast<double>(n)) * kU * mean);
}

TEST_P(LargeLosses, Mse) {
  const int64_t count = elements() + 12345, period = Pattern<float>::kPeriod;
  if (!fits(3 * count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), count, a_), target(context(), count, b_);
  const Large<float> grad(context(), count), loss(context(), 1);
  run([&] {
    return sslcuda_mse(context(), SSLCUDA_F32, count, x, target, 0, nullptr, loss, grad);
  });
  const double scale = 2 / static_cast<double>(count);
  for (const int64_t i : places(count)) {
    const double size = std::fabs(a_[i]) + std::fabs(b_[i]);
    expect_at("grad_x", grad, i, scale * (double{a_[i]} - b_[i]), 4 * kU * scale * size);
  }
  double sum = 0;  // each element of the pattern as often as it occurs
  for (int64_t i = 0; i < std::min(period, count); ++i) {
    const auto times = static_cast<double>(count / period + (i < count % period));
    sum += times * (double{a_[i]} - b_[i]) * (double{a_[i]} - b_[i]);
  }
  const double expected = sum / static_cast<double>(count);
  expect_at("loss", loss, 0, expected, 1e-5 * expected);
}

TEST_P(LargeLosses, LinearMse) {
  constexpr int64_t kIn = 5, kOut = 1031;
  const int64_t n = rows_of(kOut), count = n * kOut;
  if (!fits(3 * count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), n * kIn, a_), weight(context(), kOut * kIn, b_);
  const Large<float> target(context(), count, g_), grad(context(), count), y(context(), count);
  const Large<float> loss(context(), 1);
  run([&] {
    return sslcuda_linear_mse(context(), SSLCUDA_F32, n, kIn, kOut, x, weight, nullptr, target, 0,
                              nullptr, loss, grad, y);
  });
  const double scale = 2 / static_cast<double>(count);
  for (const int64_t i : places(count)) {
    Sum sum;
    for (int64_t k = 0; k < kIn; ++k) {
      sum.add(double{a_[i / kOut * kIn + k]} * b_[i % kOut * kIn + k]);
    }
    expect_sum("y", y, i, sum);
    sum.add(-g_[i]);
    expect_at("grad_u", grad, i, scale * sum.value,
              scale * (sum.tolerance() + 4 * kU * sum.absolute));
  }
  const Large<float> of_y(context(), 1);
  run([&] {
    return sslcuda_mse(context(), SSLCUDA_F32, count, y, target, 0, nullptr, of_y, nullptr);
  });
  expect_at("loss", loss, 0, of_y.at(0), 1e-5 * of_y.at(0));
}

INSTANTIATE_TEST_SUITE_P(, LargeLosses, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
