#include "host/train/knn.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace host {
namespace {

// Similarities are made and scanned in blocks of this many rows and columns (4 MiB).
constexpr int64_t kBlock = 1024;

// The most similar training images of one test image, best first; of equals the first stays ahead.
class Nearest {
 public:
  Nearest() { similarity_.fill(-std::numeric_limits<float>::infinity()); }

  // Few of many candidates pass the threshold, so it is tried on many at once.
  void offer(std::span<const float> similarities, const uint8_t* labels) {
    constexpr size_t kChunk = 32;
    size_t i = 0;
    for (; i + kChunk <= similarities.size(); i += kChunk) {
      const float threshold = similarity_.back();
      int passing = 0;
      for (size_t j = 0; j < kChunk; ++j) passing += similarities[i + j] > threshold;
      if (passing == 0) continue;
      for (size_t j = i; j < i + kChunk; ++j) offer(similarities[j], labels[j]);
    }
    for (; i < similarities.size(); ++i) offer(similarities[i], labels[i]);
  }

  // The label with the largest sum of votes, the lowest such label if there are several.
  int vote() const {
    std::array<double, 256> votes{};
    for (size_t i = 0; i < kNeighbours; ++i) {
      votes[label_[i]] += std::exp(similarity_[i] / kVoteTemperature);
    }
    return static_cast<int>(std::ranges::max_element(votes) - votes.begin());
  }

 private:
  void offer(float similarity, uint8_t label) {
    if (!(similarity > similarity_.back())) return;
    size_t i = kNeighbours - 1;
    for (; i > 0 && similarity > similarity_[i - 1]; --i) {
      similarity_[i] = similarity_[i - 1];
      label_[i] = label_[i - 1];
    }
    similarity_[i] = similarity;
    label_[i] = label;
  }

  std::array<float, kNeighbours> similarity_;  // -inf: none yet, a vote of weight 0
  std::array<uint8_t, kNeighbours> label_{};
};

}  // namespace

double knn_accuracy(Context& context, const FeatureSpace& space, const LabelledImages& train,
                    const LabelledImages& test, const std::function<bool(double)>& advance) {
  const int64_t queries = test.images.count(), bank = train.images.count();
  Buffer<float> query_features(context, queries * space.width);
  Buffer<float> bank_features(context, std::min(kBlock, bank) * space.width);
  Buffer<float> similarity(context, std::min(kBlock, queries) * std::min(kBlock, bank));
  std::vector<float> rows(static_cast<size_t>(similarity.size()));
  std::vector<Nearest> nearest(static_cast<size_t>(queries));

  const auto queue_features = [&](const DeviceImages& images, int64_t first, int64_t n, float* y) {
    space.compute(images, first, n, y);
    context.run(sslcuda_l2_normalize_forward, SSLCUDA_F32, n, space.width, y, y, nullptr);
  };
  const auto queue_similarity = [&](int64_t query, int64_t n, int64_t m) {
    context.run(sslcuda_similarity_forward, SSLCUDA_F32, n, m, space.width,
                query_features.data() + query * space.width, space.width, bank_features.data(),
                space.width, 0, 1.0f, nullptr, similarity.data(), m);
  };
  context.reserve_for([&] {
    queue_features(test.images, 0, queries, query_features.data());
    queue_similarity(0, std::min(kBlock, queries), std::min(kBlock, bank));
  });

  queue_features(test.images, 0, queries, query_features.data());
  for (int64_t first = 0; first < bank; first += kBlock) {
    const int64_t m = std::min(kBlock, bank - first);
    queue_features(train.images, first, m, bank_features.data());
    for (int64_t query = 0; query < queries; query += kBlock) {
      const int64_t n = std::min(kBlock, queries - query);
      if (!advance(static_cast<double>(first * queries + m * query) /
                   static_cast<double>(bank * queries))) {
        return 0.0;
      }
      queue_similarity(query, n, m);
      similarity.download(std::span(rows).first(static_cast<size_t>(n * m)));
      for (int64_t i = 0; i < n; ++i) {
        nearest[static_cast<size_t>(query + i)].offer(
            std::span(rows).subspan(static_cast<size_t>(i * m), static_cast<size_t>(m)),
            train.labels.data() + first);
      }
    }
  }
  int64_t correct = 0;
  for (size_t i = 0; i < nearest.size(); ++i) correct += nearest[i].vote() == test.labels[i];
  return static_cast<double>(correct) / static_cast<double>(queries);
}

}  // namespace host
