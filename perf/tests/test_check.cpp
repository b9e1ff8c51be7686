// test_check.cpp - what decides whether a time counts, and how problems are read.
#include <gtest/gtest.h>

#include <limits>

#include "perf/src/check.hpp"
#include "perf/src/contest.hpp"
#include "perf/src/problem.hpp"

namespace sslcuda::perf {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(PerfChecker, AcceptsRoundingAndNothingElse) {
  Checker right;
  right.compare("y", {1, 2, 3}, {1, 2, 3 + 1e-8}, 1e-7);
  EXPECT_TRUE(right.worst().ok());
  for (const Vector& wrong : {Vector{1, 2, 3.1}, Vector{1, kNaN, 3}, Vector{0, 0, 0}}) {
    Checker checker;
    checker.compare("y", wrong, {1, 2, 3}, 1e-7);
    EXPECT_FALSE(checker.worst().ok());
  }
}

TEST(PerfChecker, OneWrongElementOfManyShows) {
  const Vector expected(1 << 20, 1.0);
  Vector actual = expected;
  actual[12345] = 0;
  Checker checker;
  checker.compare("y", actual, expected, sum_tolerance(1024));
  EXPECT_FALSE(checker.worst().ok());
}

TEST(PerfChecker, KeepsTheFirstThatIsWrong) {
  Checker checker;
  checker.compare("a", {1}, {1}, kExact);
  checker.compare("b", {kNaN}, {1}, 1e-7);
  checker.compare("c", {1}, {1}, 1e-7);
  EXPECT_EQ(checker.worst().output, "b");
  EXPECT_FALSE(checker.worst().ok());
}

TEST(PerfChecker, ExactMeansExact) {
  Checker same, other;
  same.compare("y", {1, 0}, {1, 0}, kExact);
  EXPECT_TRUE(same.worst().ok());
  EXPECT_EQ(same.worst().output, "y");
  other.compare("y", {1, 1e-20}, {1, 0}, kExact);
  EXPECT_FALSE(other.worst().ok());
}

TEST(PerfChecker, SomeOfHasTheEnds) {
  EXPECT_EQ(some_of(3), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(some_of(1), std::vector<int64_t>{0});
  EXPECT_EQ(some_of(1000, 3), (std::vector<int64_t>{0, 499, 999}));
  EXPECT_TRUE(some_of(0).empty());
}

TEST(PerfDistribution, Interpolates) {
  const Distribution d = distribution_of({5, 1, 4, 2, 3, 6});
  EXPECT_DOUBLE_EQ(d.p10, 1.5);
  EXPECT_DOUBLE_EQ(d.p50, 3.5);
  EXPECT_DOUBLE_EQ(d.p90, 5.5);
}

TEST(PerfProblems, SetsNest) {
  const auto quick = load_problems("quick", "cpu"), full = load_problems("full", "cpu");
  ASSERT_GT(full.size(), quick.size());
  EXPECT_EQ(full[0].shape_text(), quick[0].shape_text());
  EXPECT_GT(load_problems("full", "cuda").size(), full.size());
}

}  // namespace
}  // namespace sslcuda::perf
