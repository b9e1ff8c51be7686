// test_check.cpp - what decides whether a time counts, and how problems are read.
#include <gtest/gtest.h>

#include <limits>

#include "perf/src/check.hpp"
#include "perf/src/contest.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/problem.hpp"

namespace sslcuda::perf {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Problem contrastive_problem(const std::vector<std::pair<std::string, std::string>>& shape) {
  Problem problem;
  problem.op = "contrastive";
  problem.shape = shape;
  return problem;
}

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
  EXPECT_GT(load_problems("contrastive", "cuda").size(),
            load_problems("contrastive", "cpu").size());
}

TEST(PerfProblems, ChoicesAreWords) {
  Problem problem = contrastive_problem({{"kind", "clip"}, {"n", "x"}});
  EXPECT_EQ(problem.choice("kind", {"infonce", "clip"}), 1u);
  EXPECT_EQ(problem.choice("pass", {"forward", "both"}), 0u);
  EXPECT_THROW(problem.choice("kind", {"infonce"}), UsageError);
  EXPECT_THROW(problem["n"], UsageError);
  problem.dtype = "f16";
  EXPECT_EQ(problem.name(), "contrastive kind=clip n=x f16");
}

TEST(PerfNumbers, AreRoundedToNearest) {
  for (const DType* type : kDTypes) {
    for (const float x : {1.0f, -3.14159f, 1e-3f, 1.00390625f, 1.01171875f}) {
      const auto bytes = stored(*type, {0, x});
      const float y = Numbers(*type, bytes)[1];
      EXPECT_NEAR(y, x, roundoff(*type) * std::fabs(x)) << type->name;
    }
  }
  EXPECT_EQ(bf16_bits(1.00390625f), 0x3f80);  // halfway: to the even one
  EXPECT_EQ(bf16_bits(1.01171875f), 0x3f82);
}

// What the library makes of a problem on the CPU, checked; of inputs of which one float is off.
Error checked(const Problem& problem, size_t tensor, size_t element) {
  const Library library(SSLCUDA_DEVICE_CPU, 1);
  const Case c = kOps.at(problem.op).make(problem, library);
  std::vector<Values::Bytes> memory;
  std::vector<unsigned char*> pointers;
  for (size_t i = 0; i < c.specs().size(); ++i) {
    memory.push_back(c.initial()[i]);
    memory.back().resize(c.specs()[i].bytes);
    if (i == tensor) reinterpret_cast<float*>(memory.back().data())[element] += 0.25f;
    pointers.push_back(reinterpret_cast<unsigned char*>(memory.back().data()));
  }
  const Set set(pointers, nullptr, nullptr);
  if (c.prepare) {
    library.reserve_for([&] { return c.prepare(library, set); });
    library.must(c.prepare(library, set));
  }
  library.reserve_for([&] { return c.ours(library, set); });
  library.must(c.ours(library, set));
  Checker checker;
  c.check(Values(c.initial(), memory), checker);
  return checker.worst();
}

// Of 40 rows the check recomputes 8, row 1 not among them: all others see it as a negative.
TEST(PerfContrastive, OneNumberOfOneNegativeShows) {
  constexpr int64_t kWidth = 16;
  constexpr size_t kNone = 1000, kRow = 1;
  for (const char* kind : {"infonce", "clip", "ntxent", "supcon", "supcon_in", "siglip"}) {
    for (const char* pass : {"forward", "both", "backward"}) {
      SCOPED_TRACE(std::string(kind) + ' ' + pass);
      const Problem problem =
          contrastive_problem({{"kind", kind}, {"n", "40"}, {"d", "16"}, {"pass", pass}});
      EXPECT_TRUE(checked(problem, kNone, 0).ok());
      const bool pairs = kind == std::string("infonce") || kind == std::string("clip") ||
                         kind == std::string("siglip");
      EXPECT_FALSE(checked(problem, pairs ? 1 : 0, kRow * kWidth).ok());
    }
  }
}

}  // namespace
}  // namespace sslcuda::perf
