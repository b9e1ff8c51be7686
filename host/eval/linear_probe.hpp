// linear_probe.hpp - a linear classifier on frozen features. They are standardised (batch
// normalisation without weights, of all training images at once), then softmax regression is
// trained by SGD with momentum; the learning rate falls to 0 along half a cosine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/abi/abi.hpp"
#include "host/eval/knn.hpp"

namespace host {

struct ProbeOptions {
  int64_t epochs = 20;  // more, and images of MNIST that it has not seen are told apart less well
  int64_t batch = 256;
  double lr = 0.1;  // at the start, for a batch of 256: others scale it
  double momentum = 0.9;
  uint64_t seed = 0;
};

class LinearProbe {
 public:
  // classes: labels are in 0..classes-1
  LinearProbe(Context& context, int64_t width, int64_t classes, const ProbeOptions& options);

  // features [n, width], n >= 2; they are standardised in place. Returns the mean loss of each
  // epoch.
  std::vector<double> train(Buffer<float>& features, std::span<const uint8_t> labels,
                            const Advance& advance);

  // The class of each row of features that train() has not seen; they are standardised in place.
  std::vector<uint8_t> predict(Buffer<float>& features);
  // The same of those that are.
  std::vector<uint8_t> predict_standardised(const Buffer<float>& features);

 private:
  struct Data {
    const float* features;  // [count, width]
    const int64_t* labels;  // [count]
    int64_t count;
  };

  void standardise(Buffer<float>& features, bool fit);
  double learning_rate(int64_t step, int64_t steps) const;
  double run_epoch(const Data& data, int64_t epoch, Buffer<int64_t>& order_on_device);
  void queue_step(const Data& data, int64_t n, const int64_t* order, double lr);

  Context& context_;
  int64_t width_, classes_;
  ProbeOptions options_;
  Buffer<float> mean_, variance_;  // [width], of the training features
  Buffer<float> weight_, bias_;    // [classes, width] and [classes]
  Buffer<float> grad_weight_, grad_bias_, velocity_weight_, velocity_bias_;
  Buffer<float> x_, logits_, loss_;  // of a batch; the logits' gradient takes their place
  Buffer<int64_t> labels_;           // of a batch
};

}  // namespace host
