// fixture.hpp - what the op tests share: a context per backend, seeded data, rows with padding, and
// the error measure.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "tests/ops/context.hpp"
#include "tests/reference/vector.hpp"

namespace sslcuda::test {

using reference::Vector;
using Floats = std::vector<float>;

constexpr double kU = 0x1p-24;  // unit roundoff of float32
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// A test that runs on every backend there is.
class OpTest : public testing::TestWithParam<int32_t> {
 protected:
  void SetUp() override {
    if (GetParam() == SSLCUDA_DEVICE_CUDA && device_count() == 0) GTEST_SKIP() << "no CUDA device";
    context_.emplace(GetParam());
  }
  const Context& context() const { return *context_; }
  bool on_cpu() const { return GetParam() == SSLCUDA_DEVICE_CPU; }

  // The same call gives the same bits, 20 times and on the CPU with one thread and with two.
  template <class Result>
  void expect_repeatable(const Result& result) const {
    constexpr int kRepeats = 20;
    const auto expected = result(context());
    for (const int threads : {1, 2}) {
      const Context repeated(GetParam(), threads);
      for (int i = 0; i < kRepeats; ++i) {
        ASSERT_TRUE(same_bits(result(repeated), expected)) << threads << " threads, run " << i;
      }
      if (!on_cpu()) break;
    }
  }

 private:
  std::optional<Context> context_;
};

inline const auto kBackends = testing::Values(SSLCUDA_DEVICE_CPU, SSLCUDA_DEVICE_CUDA);

inline std::string backend_name(const testing::TestParamInfo<int32_t>& info) {
  return info.param == SSLCUDA_DEVICE_CPU ? "CPU" : "CUDA";
}

// ---- data

inline Floats normal(int64_t count, uint64_t seed, float scale = 1) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> distribution;
  Floats x(count);
  for (float& value : x) value = scale * distribution(generator);
  return x;
}

// Whole numbers in -limit..limit.
inline Floats integers(int64_t count, uint64_t seed, int limit) {
  std::mt19937_64 generator(seed);
  std::uniform_int_distribution<int> distribution(-limit, limit);
  Floats x(count);
  for (float& value : x) value = static_cast<float>(distribution(generator));
  return x;
}

inline Vector wide(const Floats& x) { return Vector(x.begin(), x.end()); }
inline Floats narrow(const Vector& x) { return Floats(x.begin(), x.end()); }

inline Floats joined(Floats x, const Floats& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

// Row i of a matrix of that width.
inline Floats row_of(const Floats& x, int64_t width, int64_t i) {
  return Floats(x.begin() + i * width, x.begin() + (i + 1) * width);
}

// Both matrices have the same bits outside row `changed`.
inline void expect_other_rows_equal(const char* name, const Floats& x, const Floats& y,
                                    int64_t width, int64_t changed) {
  ASSERT_EQ(x.size(), y.size());
  for (int64_t i = 0; i < static_cast<int64_t>(x.size()) / width; ++i) {
    if (i == changed) continue;
    EXPECT_TRUE(same_bits(row_of(x, width, i), row_of(y, width, i))) << name << " row " << i;
  }
}

// Is any number of row i not finite?
inline bool row_spoilt(const Floats& x, int64_t width, int64_t i) {
  const Floats row = row_of(x, width, i);
  return std::any_of(row.begin(), row.end(), [](float value) { return !std::isfinite(value); });
}

// ---- rows that lie `ld` elements apart; the last one has no padding behind it

inline int64_t spread_count(int64_t rows, int64_t width, int64_t ld) {
  return rows == 0 ? 0 : (rows - 1) * ld + width;
}

// Padding is NaN, so that an op which reads it shows.
inline Floats spread(int64_t rows, int64_t width, int64_t ld, const Floats& dense) {
  Floats x(spread_count(rows, width, ld), kNaN);
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(dense.begin() + i * width, width, x.begin() + i * ld);
  }
  return x;
}

inline float unwritten_float() {
  float value;
  std::memset(&value, Block::kUnwritten, sizeof value);
  return value;
}

// The rows of an output that started unwritten; its padding must still be that.
inline Floats packed(int64_t rows, int64_t width, int64_t ld, const Floats& x,
                     float unwritten = unwritten_float()) {
  Floats dense;
  for (int64_t i = 0; i < rows; ++i) {
    const auto row = x.begin() + i * ld;
    dense.insert(dense.end(), row, row + width);
    if (i + 1 == rows) break;
    EXPECT_TRUE(std::all_of(row + width, row + ld, [=](float value) { return value == unwritten; }))
        << "padding of row " << i << " written";
  }
  return dense;
}

// ---- errors

// Every |actual - expected| <= tolerance. NaN is expected where the reference is NaN.
inline void expect_within(const char* name, const Floats& actual, const Vector& expected,
                          const Vector& tolerance) {
  ASSERT_EQ(actual.size(), expected.size()) << name;
  ASSERT_EQ(actual.size(), tolerance.size()) << name;
  constexpr int kShown = 3;
  int failures = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i]) && std::isnan(actual[i])) continue;
    if (static_cast<double>(actual[i]) == expected[i]) continue;
    const double error = std::fabs(actual[i] - expected[i]);
    if (!(error <= tolerance[i]) && ++failures <= kShown) {
      ADD_FAILURE() << name << "[" << i << "] is " << actual[i] << ", expected " << expected[i]
                    << "; error " << error << ", allowed " << tolerance[i];
    }
  }
  EXPECT_EQ(failures, 0) << name << ": of " << actual.size() << " elements";
}

inline void expect_within(const char* name, const Floats& actual, const Vector& expected,
                          double tolerance) {
  expect_within(name, actual, expected, Vector(expected.size(), tolerance));
}

inline void expect_near(const char* name, float actual, double expected, double tolerance) {
  expect_within(name, Floats{actual}, Vector{expected}, tolerance);
}

// 4 sqrt(k) u S for sums of k products with absolute sum S; `roundings` more of u S where the
// factors are rounded themselves.
inline Vector sum_tolerance(int64_t k, const Vector& s, double roundings = 0) {
  Vector tolerance = s;
  for (double& t : tolerance) t *= (4 * std::sqrt(static_cast<double>(k)) + roundings) * kU;
  return tolerance;
}

}  // namespace sslcuda::test
