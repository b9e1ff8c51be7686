// test_large_contrastive.cpp - the contrastive family: more than 2^31 scores, columns' elements and
// negatives' elements (large.hpp).
#include "tests/gpu/large.hpp"
#include "tests/ops/number.hpp"
#include "tests/reference/infonce.hpp"

namespace sslcuda::test {
namespace {

constexpr int64_t kPeriod = Pattern<float>::kPeriod;

class LargeContrastive : public LargeTest {
 protected:
  sslcuda_contrastive_args args(int32_t kind, int64_t n, int64_t m, int64_t d) const {
    sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
    args.kind = kind;
    args.n = n, args.m = m, args.d = args.lda = args.ldb = d;
    return args;
  }
  void run(int32_t dtype, const sslcuda_contrastive_args& args) const {
    LargeTest::run([&] { return sslcuda_contrastive(context(), dtype, &args); });
  }
};

// Numbers of BF16, and how they are stored.
struct NarrowPattern {
  explicit NarrowPattern(uint64_t seed, float scale)
      : values(rounded(SSLCUDA_BF16, normal(kPeriod, seed, scale))),
        stored(to_bits(values.values())) {}
  static std::vector<uint16_t> to_bits(const Floats& x) {
    std::vector<uint16_t> bits;
    for (const float value : x) bits.push_back(to_16_bit(SSLCUDA_BF16, value));
    return bits;
  }
  const Pattern<float> values;
  const Pattern<uint16_t> stored;
};

void expect_narrow_at(const char* name, const Large<uint16_t>& tensor, int64_t i, double expected,
                      double tolerance) {
  const std::string place = std::string(name) + "[" + std::to_string(i) + "]";
  expect_near(place.c_str(), from_16_bit(SSLCUDA_BF16, tensor.at(i)), expected,
              tolerance + storage_roundoff(SSLCUDA_BF16) * std::fabs(expected));
}

double product(const Pattern<float>& a, int64_t row, const Pattern<float>& b, int64_t column,
               int64_t d) {
  double sum = 0;
  for (int64_t k = 0; k < d; ++k) sum += double{a[row * d + k]} * b[column * d + k];
  return sum;
}

constexpr double kClose = 1e-4;  // far above float32's roundings, far below the losses

TEST_P(LargeContrastive, ClipManyRows) {
  constexpr int64_t kWidth = 16;
  const int64_t n = side();
  const NarrowPattern a_values(1, 0.5f), b_values(2, 0.5f);
  const Large<uint16_t> a(context(), n * kWidth, a_values.stored),
      b(context(), n * kWidth, b_values.stored), grad_a(context(), n * kWidth);
  const Large<float> row_loss(context(), n), row_lse(context(), n), column_lse(context(), n);
  sslcuda_contrastive_args call = args(SSLCUDA_CLIP, n, n, kWidth);
  call.a = a, call.b = b, call.grad_a = grad_a;
  call.row_loss = row_loss, call.row_lse = row_lse, call.column_lse = column_lse;
  run(SSLCUDA_BF16, call);
  const Floats all_columns = column_lse.read(0, n);
  for (const int64_t i : rows_at(places(n * kWidth, 5), kWidth)) {
    Vector row, column;
    for (int64_t j = 0; j < n; ++j) {
      row.push_back(product(a_values.values, i, b_values.values, j, kWidth));
      column.push_back(product(a_values.values, j, b_values.values, i, kWidth));
    }
    const double r = reference::log_sum_exp(row.data(), n);
    const double c = reference::log_sum_exp(column.data(), n);
    expect_at("row_lse", row_lse, i, r, kClose);
    expect_at("column_lse", column_lse, i, c, kClose);
    expect_at("row_loss", row_loss, i, (r + c) / 2 - row[i], kClose);
    for (int64_t k = 0; k < kWidth; k += 5) {
      Sum sum;
      for (int64_t j = 0; j < n; ++j) {
        const double p = std::exp(row[j] - r) + std::exp(row[j] - all_columns[j]);
        sum.add((p - 2 * (i == j)) / (2.0 * static_cast<double>(n)) *
                b_values.values[j * kWidth + k]);
      }
      const double rounding = 2 * storage_roundoff(SSLCUDA_BF16) * sum.absolute;
      expect_narrow_at("grad_a", grad_a, i * kWidth + k, sum.value, rounding);
    }
  }
}

// Classes whose weights alone are more than 2^31 elements. They repeat after kPeriod classes.
TEST_P(LargeContrastive, ManyColumns) {
  constexpr int64_t kRows = 4, kWidth = 64;
  const int64_t m = rows_of(kWidth), count = m * kWidth;
  if (!fits(3 * count)) GTEST_SKIP() << kShort;
  const NarrowPattern a_values(1, 0.2f), b_values(2, 0.5f);
  const std::vector<int64_t> labels = {0, m / 2, m - 2, m - 1};
  const Buffer<int64_t> device_labels(context(), labels);
  const Large<uint16_t> a(context(), kRows * kWidth, a_values.stored),
      b(context(), count, b_values.stored), grad_a(context(), kRows * kWidth),
      grad_b(context(), count);
  const Large<float> row_lse(context(), kRows), row_positive(context(), kRows);
  sslcuda_contrastive_args call = args(SSLCUDA_INFONCE, kRows, m, kWidth);
  call.a = a, call.b = b, call.labels = device_labels;
  call.grad_a = grad_a, call.grad_b = grad_b;
  call.row_lse = row_lse, call.row_positive = row_positive;
  run(SSLCUDA_BF16, call);
  Vector lse;
  for (int64_t i = 0; i < kRows; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < std::min(m, kPeriod); ++j) {
      const auto times = static_cast<double>(m / kPeriod + (j < m % kPeriod));
      sum += times * std::exp(product(a_values.values, i, b_values.values, j, kWidth));
    }
    lse.push_back(std::log(sum));
    expect_at("row_lse", row_lse, i, lse[i], kClose);
    expect_at("row_positive", row_positive, i,
              product(a_values.values, i, b_values.values, labels[i], kWidth), kClose);
  }
  for (const int64_t at : places(count, 20)) {
    const int64_t j = at / kWidth;
    Sum sum;
    for (int64_t i = 0; i < kRows; ++i) {
      const double p = std::exp(product(a_values.values, i, b_values.values, j, kWidth) - lse[i]);
      sum.add((p - (labels[i] == j)) / kRows * a_values.values[i * kWidth + at % kWidth]);
    }
    const double rounding = 2 * storage_roundoff(SSLCUDA_BF16) * sum.absolute;
    expect_narrow_at("grad_b", grad_b, at, sum.value, rounding);
  }
}

// One column, and as many negatives of the rows' own as make more than 2^31 elements.
TEST_P(LargeContrastive, Negatives) {
  constexpr int64_t kPerRow = 31, kWidth = 33;
  const int64_t n = rows_of(kPerRow * kWidth), count = n * kPerRow * kWidth;
  if (!fits(2 * count)) GTEST_SKIP() << kShort;
  const Pattern<float> a_values = normal_pattern(1), values = normal_pattern(2);
  const Buffer<int64_t> labels(context(), std::vector<int64_t>(static_cast<size_t>(n)));
  const Large<float> a(context(), n * kWidth, a_values), b(context(), kWidth, values);
  const Large<float> negatives(context(), count, values), grad(context(), count);
  const Large<float> row_lse(context(), n);
  sslcuda_contrastive_args call = args(SSLCUDA_INFONCE, n, 1, kWidth);
  call.a = a, call.b = b, call.labels = labels, call.tau = 8;
  call.negatives = negatives, call.negatives_per_row = kPerRow;
  call.row_lse = row_lse, call.grad_negatives = grad;
  run(SSLCUDA_F32, call);
  for (const int64_t at : places(count, 20)) {
    const int64_t row = at / (kPerRow * kWidth), own = at / kWidth;
    Vector s = {product(a_values, row, values, 0, kWidth) / 8};
    for (int64_t k = 0; k < kPerRow; ++k) {
      s.push_back(product(a_values, row, values, row * kPerRow + k, kWidth) / 8);
    }
    const double lse = reference::log_sum_exp(s.data(), kPerRow + 1);
    expect_at("row_lse", row_lse, row, lse, kClose);
    const double p = std::exp(s[1 + own - row * kPerRow] - lse);
    const double g = p / 8 / static_cast<double>(n) * a_values[row * kWidth + at % kWidth];
    expect_at("grad_negatives", grad, at, g, 1e-4 * std::fabs(g));
  }
}

INSTANTIATE_TEST_SUITE_P(, LargeContrastive, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
