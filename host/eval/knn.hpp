// knn.hpp - how good features are: the class of each test image is guessed from the k training
// images with the most similar features (cosine), each voting with weight
// exp(similarity / temperature).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "host/eval/features.hpp"

namespace host {

struct Vote {
  int64_t k;
  double temperature;
};

// The two that papers report. The first one is the accuracy of a run.
constexpr Vote kVotes[] = {{20, 0.07}, {200, 0.1}};

// Called now and then with the part that is done.
using Advance = std::function<void(double)>;

// For each of kVotes, the class of every test image.
std::vector<std::vector<uint8_t>> knn_predictions(Session& session, FeatureKind kind,
                                                  const Advance& advance);

}  // namespace host
