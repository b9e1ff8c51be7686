// features.hpp - features of a data set's images: those of a layer of the program, or the pixels
// themselves, beside which an evaluation shows what a method adds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/abi/abi.hpp"
#include "host/train/session.hpp"

namespace host {

enum class FeatureKind { kBackbone, kProjector, kRawPixels };

const char* key_of(FeatureKind kind);    // in summary.json: backbone, projector, raw_pixels
const char* words_of(FeatureKind kind);  // in tables and titles
std::vector<FeatureKind> feature_kinds(const Program& program);  // those that there are

class Features {
 public:
  // `session` must outlive it.
  Features(Session& session, FeatureKind kind);

  FeatureKind kind() const { return kind_; }
  int64_t width() const { return width_; }

  // Queues the features y [n, width] of the images from `first` on.
  void compute(const DeviceImages& images, int64_t first, int64_t n, float* y);

  // Those of all images [count, width], on the device; reserves the workspace for it.
  Buffer<float> of_all(const DeviceImages& images);

 private:
  Session& session_;
  FeatureKind kind_;
  int64_t width_;
  Buffer<float> x_;  // [batch, h * w]; empty for pixels
};

// Contents of a buffer, once it is computed.
std::vector<float> download(const Buffer<float>& buffer);

}  // namespace host
