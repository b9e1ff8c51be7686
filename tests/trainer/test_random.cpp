// Random numbers: fixed values, so that a seed means the same run on every platform.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "host/model/random.hpp"

namespace host {
namespace {

TEST(Random, IsTheSameOnEveryPlatform) {
  Random random(1, 0);
  EXPECT_EQ(random.uniform(), 0.441491663f);
  EXPECT_EQ(random.below(1000), 58u);
  std::vector<int> values(8);
  std::iota(values.begin(), values.end(), 0);
  random.shuffle(std::span(values));
  EXPECT_EQ(values, (std::vector<int>{5, 0, 4, 7, 3, 1, 2, 6}));
}

TEST(Random, StreamsDiffer) {
  EXPECT_NE(Random(1, 0).uniform(), Random(1, 1).uniform());
  EXPECT_NE(Random(1, 0).uniform(), Random(2, 0).uniform());
}

TEST(Random, CoversItsRangeEvenly) {
  constexpr int kDraws = 40000, kBins = 4;
  Random random(3, 0);
  int below[kBins] = {}, uniform[kBins] = {};
  for (int i = 0; i < kDraws; ++i) {
    ++below[random.below(kBins)];
    const float value = random.uniform();
    ASSERT_TRUE(value >= 0 && value < 1);
    ++uniform[static_cast<int>(value * kBins)];
  }
  for (int bin = 0; bin < kBins; ++bin) {  // 5 standard deviations: 87 each
    EXPECT_NEAR(below[bin], kDraws / kBins, 5 * 87);
    EXPECT_NEAR(uniform[bin], kDraws / kBins, 5 * 87);
  }
}

TEST(Random, ShufflesIntoAPermutation) {
  std::vector<int> values(1000), sorted(1000);
  std::iota(values.begin(), values.end(), 0);
  sorted = values;
  Random(4, 2).shuffle(std::span(values));
  EXPECT_NE(values, sorted);
  std::ranges::sort(values);
  EXPECT_EQ(values, sorted);
}

}  // namespace
}  // namespace host
