#include "host/eval/knn.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace host {
namespace {

// Similarities are made and scanned in blocks of this many rows and columns (4 MiB).
constexpr int64_t kBlock = 1024;

constexpr size_t kMostNeighbours =
    static_cast<size_t>(std::ranges::max_element(kVotes, {}, &Vote::k)->k);

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
  uint8_t elect(const Vote& vote) const {
    std::array<double, 256> votes{};
    for (size_t i = 0; i < static_cast<size_t>(vote.k); ++i) {
      votes[label_[i]] += std::exp(similarity_[i] / vote.temperature);
    }
    return static_cast<uint8_t>(std::ranges::max_element(votes) - votes.begin());
  }

 private:
  void offer(float similarity, uint8_t label) {
    if (!(similarity > similarity_.back())) return;
    size_t i = kMostNeighbours - 1;
    for (; i > 0 && similarity > similarity_[i - 1]; --i) {
      similarity_[i] = similarity_[i - 1];
      label_[i] = label_[i - 1];
    }
    similarity_[i] = similarity;
    label_[i] = label;
  }

  std::array<float, kMostNeighbours> similarity_;  // -inf: none yet, a vote of weight 0
  std::array<uint8_t, kMostNeighbours> label_{};
};

// Scans the training images for the neighbours of every test image.
std::vector<Nearest> find_nearest(Session& session, FeatureKind kind, const Advance& advance) {
  Context& context = session.context;
  Features features(session, kind);
  const int64_t queries = session.test_images.count(), bank = session.train_images.count();
  const int64_t width = features.width();
  Buffer<float> query_features(context, queries * width);
  Buffer<float> bank_features(context, std::min(kBlock, bank) * width);
  Buffer<float> similarity(context, std::min(kBlock, queries) * std::min(kBlock, bank));
  std::vector<float> rows(static_cast<size_t>(similarity.size()));
  std::vector<Nearest> nearest(static_cast<size_t>(queries));

  const auto queue_features = [&](const DeviceImages& images, int64_t first, int64_t n, float* y) {
    features.compute(images, first, n, y);
    context.run(sslcuda_l2_normalize_forward, SSLCUDA_F32, n, width, y, y, nullptr);
  };
  const auto queue_similarity = [&](int64_t query, int64_t n, int64_t m) {
    context.run(sslcuda_similarity_forward, SSLCUDA_F32, n, m, width,
                query_features.data() + query * width, width, bank_features.data(), width, 0, 1.0f,
                nullptr, similarity.data(), m);
  };
  context.reserve_for([&] {
    queue_features(session.test_images, 0, queries, query_features.data());
    queue_similarity(0, std::min(kBlock, queries), std::min(kBlock, bank));
  });

  queue_features(session.test_images, 0, queries, query_features.data());
  for (int64_t first = 0; first < bank; first += kBlock) {
    const int64_t m = std::min(kBlock, bank - first);
    queue_features(session.train_images, first, m, bank_features.data());
    for (int64_t query = 0; query < queries; query += kBlock) {
      const int64_t n = std::min(kBlock, queries - query);
      advance(static_cast<double>(first * queries + m * query) /
              static_cast<double>(bank * queries));
      queue_similarity(query, n, m);
      similarity.download(std::span(rows).first(static_cast<size_t>(n * m)));
      for (int64_t i = 0; i < n; ++i) {
        nearest[static_cast<size_t>(query + i)].offer(
            std::span(rows).subspan(static_cast<size_t>(i * m), static_cast<size_t>(m)),
            session.data.train.labels.data() + first);
      }
    }
  }
  return nearest;
}

}  // namespace

std::vector<std::vector<uint8_t>> knn_predictions(Session& session, FeatureKind kind,
                                                  const Advance& advance) {
  const std::vector<Nearest> nearest = find_nearest(session, kind, advance);
  std::vector<std::vector<uint8_t>> predictions;
  for (const Vote& vote : kVotes) {
    std::vector<uint8_t>& classes = predictions.emplace_back();
    for (const Nearest& images : nearest) classes.push_back(images.elect(vote));
  }
  return predictions;
}

}  // namespace host
