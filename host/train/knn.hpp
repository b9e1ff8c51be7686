// knn.hpp - how good features are: the class of each test image is guessed from the k = 20 training
// images with the most similar features (cosine), each voting with weight exp(similarity / 0.07).
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "host/abi/abi.hpp"
#include "host/data/device_images.hpp"

namespace host {

constexpr int kNeighbours = 20;
constexpr double kVoteTemperature = 0.07;

struct LabelledImages {
  const DeviceImages& images;
  std::span<const uint8_t> labels;
};

struct FeatureSpace {
  int64_t width;
  // Queues the features y [n, width] of the images first .. first + n - 1.
  std::function<void(const DeviceImages& images, int64_t first, int64_t n, float* y)> compute;
};

// Share of the test images whose class is guessed right. `advance` is called now and then with the
// part that is done; if it returns false the evaluation stops and the result means nothing.
double knn_accuracy(Context& context, const FeatureSpace& space, const LabelledImages& train,
                    const LabelledImages& test, const std::function<bool(double)>& advance);

}  // namespace host
