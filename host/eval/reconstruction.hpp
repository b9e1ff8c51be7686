// reconstruction.hpp - how well a method gives images back, beside the best that a linear code of
// the same width can do.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/train/session.hpp"

namespace host {

// Sequences of random numbers from here on belong to no step of training.
constexpr uint64_t kOutsideTraining = uint64_t{1} << 63;

struct ReconstructionError {
  int64_t width;  // of the code between encoder and decoder
  double method;  // mean squared error per pixel, in 0..1, over all test images
  // The same of PCA with as many components, fitted to the training images; none for images that
  // are too large for it.
  std::optional<double> pca;
};

// The program reconstructs.
ReconstructionError reconstruction_error(Session& session);

// What the program makes of the images from `first` on: [n, h, w] in 0..1.
std::vector<float> reconstruct_images(Session& session, const DeviceImages& images, int64_t first,
                                      int64_t n);

// Images from `first` on as the program sees them in training, and what it makes of these:
// each [n, h, w]. It corrupts.
struct Restored {
  std::vector<float> corrupted, images;
};
Restored restore_images(Session& session, int64_t first, int64_t n);

// What it makes of codes [n, latent_width]; it is generative.
std::vector<float> decode_images(Session& session, const std::vector<float>& codes);

}  // namespace host
