// t-SNE on made-up points: against float64 and finite differences, and by what it must achieve.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cloud.hpp"
#include "host/eval/tsne.hpp"

namespace host {
namespace {

PlanePoints random_map(size_t n, double spread, uint64_t seed) {
  Random random(seed, 0);
  PlanePoints map;
  for (size_t i = 0; i < n; ++i) {
    map.x.push_back(static_cast<float>(spread * normal(random)));
    map.y.push_back(static_cast<float>(spread * normal(random)));
  }
  return map;
}

TEST(Tsne, AffinitiesHaveThePerplexity) {
  constexpr int64_t kPoints = 50, kWidth = 4;
  constexpr double kPerplexity = 8;
  const Cloud cloud(kPoints, kWidth, 5, 1, 4);
  const std::vector<float> p = tsne_affinities(cloud.rows, kPoints, kWidth, kPerplexity);
  std::vector<double> expected(kPoints * kPoints, 0);
  for (size_t i = 0; i < kPoints; ++i) {
    std::vector<double> d(kPoints, 0);
    for (size_t j = 0; j < kPoints; ++j) {
      for (size_t k = 0; k < kWidth; ++k) {
        d[j] += std::pow(cloud.rows[i * kWidth + k] - cloud.rows[j * kWidth + k], 2);
      }
    }
    double low = -30, high = 30;  // of log beta; the entropy falls with it
    std::vector<double> one(kPoints);
    for (int round = 0; round < 100; ++round) {
      double sum = 0, entropy = 0;
      for (size_t j = 0; j < kPoints; ++j) {
        one[j] = i == j ? 0 : std::exp(-std::exp((low + high) / 2) * d[j]);
        sum += one[j];
      }
      for (double& value : one) {
        value /= sum;
        if (value > 0) entropy -= value * std::log(value);
      }
      (sum > 0 && entropy > std::log(kPerplexity) ? low : high) = (low + high) / 2;
    }
    for (size_t j = 0; j < kPoints; ++j) {
      expected[i * kPoints + j] += one[j] / (2 * kPoints);
      expected[j * kPoints + i] += one[j] / (2 * kPoints);
    }
  }
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p[i], expected[i], 1e-7);
}

TEST(Tsne, GradientIsThatOfTheCost) {
  constexpr int64_t kPoints = 150, kWidth = 4;  // more than a block, and not a multiple of it
  constexpr float kStep = 1.0f / 256;
  const Cloud cloud(kPoints, kWidth, 4, 1, 5);
  const std::vector<float> p = tsne_affinities(cloud.rows, kPoints, kWidth, 10);
  const PlanePoints map = random_map(kPoints, 2, 6);
  const PlanePoints gradient = tsne_gradient(p, map, 1);
  for (size_t i = 0; i < kPoints; i += 7) {
    for (const bool is_x : {true, false}) {
      PlanePoints above = map, below = map;
      (is_x ? above.x : above.y)[i] += kStep;
      (is_x ? below.x : below.y)[i] -= kStep;
      const double slope = (tsne_cost(p, above) - tsne_cost(p, below)) / (2 * kStep);
      EXPECT_NEAR((is_x ? gradient.x : gradient.y)[i], slope, 2e-6) << i;
    }
  }
}

TEST(Tsne, ExaggerationScalesTheAttraction) {
  constexpr size_t kPoints = 30;
  const Cloud cloud(kPoints, 3, 3, 1, 7);
  const std::vector<float> p = tsne_affinities(cloud.rows, kPoints, 3, 5);
  const PlanePoints map = random_map(kPoints, 1, 8);
  const PlanePoints one = tsne_gradient(p, map, 1), twelve = tsne_gradient(p, map, 12);
  for (size_t i = 0; i < kPoints; ++i) {
    double attraction = 0;
    for (size_t j = 0; j < kPoints; ++j) {
      const double dx = map.x[i] - map.x[j], dy = map.y[i] - map.y[j];
      attraction += 4 * p[i * kPoints + j] * dx / (1 + dx * dx + dy * dy);
    }
    EXPECT_NEAR(twelve.x[i] - one.x[i], 11 * attraction, 1e-5);
  }
}

TEST(Tsne, KeepsClustersTogetherAndIsTheSameEveryTime) {
  constexpr size_t kPoints = 200;
  constexpr int64_t kWidth = 10, kClasses = 4;
  const Cloud cloud(kPoints, kWidth, kClasses, 0.5, 9);
  const TsneOptions options;
  const PlanePoints start = random_map(kPoints, 1e-4, 10);
  const PlanePoints map = tsne(cloud.rows, kWidth, start, options, [](double) {});
  const std::vector<float> p = tsne_affinities(cloud.rows, kPoints, kWidth, options.perplexity);
  EXPECT_LT(tsne_cost(p, map), 0.5 * tsne_cost(p, start));
  for (size_t i = 0; i < kPoints; ++i) {
    size_t nearest = i == 0 ? 1 : 0;
    const auto distance = [&](size_t j) {
      return std::hypot(map.x[i] - map.x[j], map.y[i] - map.y[j]);
    };
    for (size_t j = 0; j < kPoints; ++j) {
      if (j != i && distance(j) < distance(nearest)) nearest = j;
    }
    EXPECT_EQ(cloud.labels[nearest], cloud.labels[i]) << i;
  }
  const PlanePoints again = tsne(cloud.rows, kWidth, start, options, [](double) {});
  EXPECT_EQ(again.x, map.x);
  EXPECT_EQ(again.y, map.y);
}

TEST(Tsne, StandsFewAndEqualPoints) {
  for (const size_t n : {2u, 4u, 9u}) {
    const std::vector<float> same(n * 3, 1.5f);
    const PlanePoints start{std::vector<float>(n, 0.0f), std::vector<float>(n, 0.0f)};
    const PlanePoints map = tsne(same, 3, start, {}, [](double) {});
    for (const float x : map.x) EXPECT_TRUE(std::isfinite(x));
  }
}

}  // namespace
}  // namespace host
