// differences.hpp - analytic gradients against central finite differences in fp64.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

using Loss = std::function<double(const Vector&)>;

inline Vector normal(int64_t count, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> distribution;
  Vector x = zeros(count);
  for (double& value : x) value = distribution(generator);
  return x;
}

inline double dot(const Vector& x, const Vector& y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// Fourth-order differences, so that a step which rounding allows is also accurate enough.
inline double derivative(const Loss& loss, Vector x, size_t i) {
  constexpr double kStep = 1e-3;
  const double centre = x[i];
  const auto at = [&](double offset) {
    x[i] = centre + offset * kStep;
    return loss(x);
  };
  return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * kStep);
}

inline void expect_gradient(const char* name, const Loss& loss, const Vector& x,
                            const Vector& gradient) {
  ASSERT_EQ(gradient.size(), x.size()) << name;
  double largest = 0;
  for (const double g : gradient) largest = std::max(largest, std::fabs(g));
  EXPECT_GT(largest, 0) << name << ": a gradient of zeros proves nothing";
  for (size_t i = 0; i < x.size(); ++i) {
    const double numeric = derivative(loss, x, i);
    EXPECT_TRUE(std::fabs(numeric - gradient[i]) <= 1e-6 * largest)
        << name << "[" << i << "]: differences " << numeric << ", formula " << gradient[i];
  }
}

}  // namespace sslcuda::reference
