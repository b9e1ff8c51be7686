// pca.hpp - principal components: the best linear code of a given width, and two-dimensional maps.
#pragma once

#include <cstdint>
#include <vector>

#include "host/abi/abi.hpp"

namespace host {

class Pca {
 public:
  // Eigenvectors of a larger covariance matrix would take minutes.
  static constexpr int64_t kMaxWidth = 4096;

  // Of rows x [n, width], which are centred in place; n >= 1, 1 <= components <= width <=
  // kMaxWidth.
  Pca(Context& context, Buffer<float>& x, int64_t width, int64_t components);

  int64_t components() const { return components_; }
  const std::vector<float>& mean() const { return mean_; }  // [width]
  const std::vector<float>& vectors() const {
    return vectors_;
  }  // [components, width], orthonormal
  // Of the components, falling, each as a share of the whole variance (0 if there is none).
  const std::vector<double>& variance_shares() const { return shares_; }

  // Queues the coordinates y [n, components] of rows x [n, width] that are not centred.
  void project(int64_t n, const float* x, float* y) const;
  // Queues the rows y [n, width] of coordinates x [n, components].
  void reconstruct(int64_t n, const float* x, float* y) const;

 private:
  void centre(Buffer<float>& x);
  std::vector<float> covariance(const Buffer<float>& x) const;
  void decompose(const std::vector<float>& covariance);

  Context& context_;
  int64_t width_, components_;
  std::vector<float> mean_, vectors_;
  std::vector<double> shares_;
  // The two maps as linear layers.
  Buffer<float> encoder_weight_, encoder_bias_, decoder_weight_, decoder_bias_;
};

}  // namespace host
