// check.hpp - is a result right? Large results are compared with float64 on some of their rows and
// columns, small ones on all: a full reference of the large problems would take hours.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "perf/src/number.hpp"
#include "tests/reference/vector.hpp"

namespace sslcuda::perf {

using reference::Vector;

constexpr double kRoundoff = 0x1p-24;  // of float32

// Tolerance of a sum of k products, relative to the size of the result: rounding errors of random
// signs add up to sqrt(k) u, and the factor leaves room for any order of summation.
inline double sum_tolerance(int64_t k) { return 4 * kRoundoff * (2 + std::sqrt(k)); }

// The same of factors in that storage type, with a result that is rounded to it.
inline double sum_tolerance(int64_t k, const DType& type) {
  return sum_tolerance(k) + (type.code == SSLCUDA_F32 ? 0 : 2 * roundoff(type));
}

// The tolerance of results that have no rounding errors.
constexpr double kExact = 1e-30;

// |actual - expected| / |expected| over all that was compared: of the first output that is wrong,
// else of the one that is closest to its tolerance.
struct Error {
  std::string output;
  double relative = 0, tolerance = std::numeric_limits<double>::infinity();
  bool ok() const { return relative <= tolerance; }  // NaN is not
};

class Checker {
 public:
  void compare(const std::string& output, const Vector& actual, const Vector& expected,
               double tolerance) {
    if (!worst_.ok()) return;
    double difference = 0, size = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    const double relative = difference == 0 ? 0 : std::sqrt(difference / size);
    if (worst_.output.empty() || !(relative / tolerance <= worst_.relative / worst_.tolerance)) {
      worst_ = {output, relative, tolerance};
    }
  }
  const Error& worst() const { return worst_; }

 private:
  Error worst_{"", 0, 1};
};

// Up to `count` indices spread over [0, extent), the first and the last among them.
inline std::vector<int64_t> some_of(int64_t extent, int64_t count = 8) {
  std::vector<int64_t> indices;
  if (extent <= count) count = extent;
  for (int64_t i = 0; i < count; ++i)
    indices.push_back(count == 1 ? 0 : i * (extent - 1) / (count - 1));
  return indices;
}

// Below, x is anything that has a size and elements.
template <class X>
Vector wide(const X& x) {
  Vector result(x.size());
  for (size_t i = 0; i < x.size(); ++i) result[i] = x[i];
  return result;
}

// Those rows of a matrix of that width.
template <class X>
Vector rows_of(const X& x, int64_t width, const std::vector<int64_t>& rows) {
  Vector result;
  for (const int64_t row : rows) {
    for (int64_t k = 0; k < width; ++k) result.push_back(x[row * width + k]);
  }
  return result;
}

// Those columns of a matrix of that width.
template <class X>
Vector columns_of(const X& x, int64_t width, const std::vector<int64_t>& columns) {
  Vector result;
  const int64_t height = static_cast<int64_t>(x.size()) / width;
  for (int64_t row = 0; row < height; ++row) {
    for (const int64_t column : columns) result.push_back(x[row * width + column]);
  }
  return result;
}

}  // namespace sslcuda::perf
