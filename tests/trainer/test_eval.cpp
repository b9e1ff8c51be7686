// Linear probe and PCA on made-up points, against float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "cloud.hpp"
#include "host/abi/device.hpp"
#include "host/eval/features.hpp"
#include "host/eval/labels.hpp"
#include "host/eval/linear_probe.hpp"
#include "host/eval/pca.hpp"

namespace host {
namespace {

// ---------------------------------------------------------------- linear probe

// Softmax regression on standardised rows in float64, as its description says.
class ReferenceProbe {
 public:
  ReferenceProbe(int64_t d, int64_t classes, const ProbeOptions& options)
      : d_(d), classes_(classes), options_(options) {
    const auto weights = static_cast<size_t>(classes * (d + 1));  // the last of a row is the bias
    weight_.assign(weights, 0);
    velocity_.assign(weights, 0);
  }

  std::vector<double> train(const Cloud& cloud) {
    fit(cloud.rows);
    const auto n = static_cast<int64_t>(cloud.labels.size());
    const int64_t steps = (n + options_.batch - 1) / options_.batch;
    std::vector<double> losses;
    for (int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
      std::vector<int64_t> order(static_cast<size_t>(n));
      std::iota(order.begin(), order.end(), 0);
      Random(options_.seed, static_cast<uint64_t>(epoch)).shuffle(std::span(order));
      double sum = 0;
      for (int64_t i = 0; i < steps; ++i) {
        const auto first = static_cast<size_t>(i * options_.batch);
        const size_t count =
            std::min<size_t>(static_cast<size_t>(options_.batch), static_cast<size_t>(n) - first);
        const double done =
            static_cast<double>(epoch * steps + i) / static_cast<double>(options_.epochs * steps);
        const double lr = options_.lr * static_cast<double>(options_.batch) / 256 *
                          (1 + std::cos(std::numbers::pi * done)) / 2;
        sum += step(cloud, std::span(order).subspan(first, count), lr);
      }
      losses.push_back(sum / static_cast<double>(steps));
    }
    return losses;
  }

  std::vector<uint8_t> predict(const std::vector<float>& rows) const {
    std::vector<uint8_t> classes;
    for (size_t i = 0; i < rows.size() / static_cast<size_t>(d_); ++i) {
      const std::vector<double> p = probabilities(standardised(rows, static_cast<int64_t>(i)));
      classes.push_back(static_cast<uint8_t>(std::ranges::max_element(p) - p.begin()));
    }
    return classes;
  }

 private:
  void fit(const std::vector<float>& rows) {
    const auto n = static_cast<int64_t>(rows.size()) / d_;
    for (int64_t k = 0; k < d_; ++k) {
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < n; ++i) sum += rows[static_cast<size_t>(i * d_ + k)];
      const double mean = sum / static_cast<double>(n);
      for (int64_t i = 0; i < n; ++i) {
        squares += std::pow(rows[static_cast<size_t>(i * d_ + k)] - mean, 2);
      }
      mean_.push_back(mean);
      scale_.push_back(1 / std::sqrt(squares / static_cast<double>(n) + 1e-5));
    }
  }

  std::vector<double> standardised(const std::vector<float>& rows, int64_t i) const {
    std::vector<double> row;
    for (int64_t k = 0; k < d_; ++k) {
      const auto column = static_cast<size_t>(k);
      row.push_back((rows[static_cast<size_t>(i * d_ + k)] - mean_[column]) * scale_[column]);
    }
    row.push_back(1);
    return row;
  }

  std::vector<double> probabilities(const std::vector<double>& row) const {
    std::vector<double> p(static_cast<size_t>(classes_));
    double sum = 0;
    for (size_t c = 0; c < p.size(); ++c) {
      double score = 0;
      for (size_t k = 0; k < row.size(); ++k) score += weight_[c * row.size() + k] * row[k];
      p[c] = std::exp(score);
      sum += p[c];
    }
    for (double& value : p) value /= sum;
    return p;
  }

  double step(const Cloud& cloud, std::span<const int64_t> batch, double lr) {
    std::vector<double> gradient(weight_.size(), 0);
    double loss = 0;
    for (const int64_t i : batch) {
      const std::vector<double> row = standardised(cloud.rows, i);
      const std::vector<double> p = probabilities(row);
      const uint8_t label = cloud.labels[static_cast<size_t>(i)];
      loss -= std::log(p[label]) / static_cast<double>(batch.size());
      for (size_t c = 0; c < p.size(); ++c) {
        const double error = (p[c] - (c == label)) / static_cast<double>(batch.size());
        for (size_t k = 0; k < row.size(); ++k) gradient[c * row.size() + k] += error * row[k];
      }
    }
    for (size_t w = 0; w < weight_.size(); ++w) {
      velocity_[w] = options_.momentum * velocity_[w] + gradient[w];
      weight_[w] -= lr * velocity_[w];
    }
    return loss;
  }

  int64_t d_, classes_;
  ProbeOptions options_;
  std::vector<double> weight_, velocity_, mean_, scale_;
};

TEST(LinearProbe, DoesTheStepsOfItsDescription) {
  constexpr int64_t kWidth = 5, kClasses = 3;
  const Cloud cloud(37, kWidth, kClasses, 3, 1), other(29, kWidth, kClasses, 3, 1);
  ProbeOptions options;
  options.epochs = 4;
  options.batch = 8;  // the last batch of an epoch has 5 rows
  options.lr = 16;    // 0.5 for this batch
  options.seed = 7;
  Context context(context_options("cpu", 1));
  Buffer<float> train(context, cloud.rows), test(context, other.rows);
  LinearProbe probe(context, kWidth, kClasses, options);
  ReferenceProbe reference(kWidth, kClasses, options);

  const std::vector<double> losses = probe.train(train, cloud.labels, [](double) {});
  const std::vector<double> expected = reference.train(cloud);
  ASSERT_EQ(losses.size(), expected.size());
  for (size_t i = 0; i < losses.size(); ++i)
    EXPECT_NEAR(losses[i], expected[i], 2e-6 * expected[0]);
  EXPECT_LT(losses.back(), 0.8 * losses.front());
  EXPECT_EQ(probe.predict_standardised(train), reference.predict(cloud.rows));
  EXPECT_EQ(probe.predict(test), reference.predict(other.rows));
}

TEST(LinearProbe, SurvivesConstantFeatures) {
  Cloud cloud(64, 4, 2, 0.1, 2);
  for (size_t i = 0; i < cloud.rows.size(); i += 4) cloud.rows[i] = 3;
  Context context(context_options("cpu", 1));
  Buffer<float> train(context, cloud.rows);
  LinearProbe probe(context, 4, 2, {});
  for (const double loss : probe.train(train, cloud.labels, [](double) {})) {
    ASSERT_TRUE(std::isfinite(loss));
  }
  EXPECT_EQ(probe.predict_standardised(train), cloud.labels);
}

TEST(ConfusionMatrix, CountsTrueClassesByRow) {
  const std::vector<uint8_t> labels = {0, 0, 1, 2, 2, 2}, predictions = {0, 1, 1, 0, 2, 2};
  EXPECT_EQ(confusion_matrix(labels, predictions, 3),
            (std::vector<int64_t>{1, 1, 0, 0, 1, 0, 1, 0, 2}));
  EXPECT_DOUBLE_EQ(accuracy(labels, predictions), 4.0 / 6);
}

// ---------------------------------------------------------------- PCA

struct PcaCase {
  static constexpr int64_t kRows = 60, kWidth = 7;

  explicit PcaCase(int64_t components)
      : context(context_options("cpu", 1)),
        cloud(kRows, kWidth, 3, 0.7, 3),
        centred(context, cloud.rows),
        x(context, cloud.rows),
        pca(context, centred, kWidth, components),
        y(context, kRows * components),
        back(context, kRows * kWidth) {
    pca.project(kRows, x.data(), y.data());
    pca.reconstruct(kRows, y.data(), back.data());
  }

  double total_variance() const {
    double sum = 0;
    for (size_t i = 0; i < cloud.rows.size(); ++i) {
      sum += std::pow(cloud.rows[i] - pca.mean()[i % kWidth], 2);
    }
    return sum / kRows;
  }

  Context context;
  Cloud cloud;
  Buffer<float> centred, x;
  Pca pca;
  Buffer<float> y, back;
};

TEST(Pca, ComponentsAreOrthonormal) {
  const PcaCase made(4);
  const std::vector<float>& v = made.pca.vectors();
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      double product = 0;
      for (size_t k = 0; k < 7; ++k) product += double{v[i * 7 + k]} * v[j * 7 + k];
      EXPECT_NEAR(product, i == j, 1e-6);
    }
  }
}

TEST(Pca, CoordinatesAreUncorrelatedAndCentred) {
  const PcaCase made(4);
  const std::vector<float> y = download(made.y);
  for (size_t i = 0; i < 4; ++i) {
    double mean = 0;
    for (size_t row = 0; row < 60; ++row) mean += y[row * 4 + i];
    EXPECT_NEAR(mean, 0, 1e-4);
    for (size_t j = 0; j < 4; ++j) {
      double product = 0;
      for (size_t row = 0; row < 60; ++row) product += double{y[row * 4 + i]} * y[row * 4 + j];
      const double variance = made.pca.variance_shares()[i] * made.total_variance();
      EXPECT_NEAR(product / 60, i == j ? variance : 0, 1e-5 * made.total_variance());
    }
    if (i > 0) {
      EXPECT_LE(made.pca.variance_shares()[i], made.pca.variance_shares()[i - 1]);
    }
  }
}

TEST(Pca, WhatIsLeftOutIsTheErrorOfTheReconstruction) {
  for (const int64_t components : {1, 3, 7}) {
    const PcaCase made(components);
    const std::vector<float> back = download(made.back);
    double error = 0, kept = 0;
    for (size_t i = 0; i < back.size(); ++i) error += std::pow(back[i] - made.cloud.rows[i], 2);
    for (const double share : made.pca.variance_shares()) kept += share;
    EXPECT_NEAR(error / 60, (1 - kept) * made.total_variance(), 1e-5 * made.total_variance());
    if (components == 7) {
      EXPECT_NEAR(kept, 1, 1e-6);
    }
  }
}

}  // namespace
}  // namespace host
