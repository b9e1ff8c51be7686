// network.hpp - layers one after the other, with the activations between them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/model/layers.hpp"

namespace host {

class Network {
 public:
  // `input`: of an image; `batch`: largest n
  Network(Context& context, Parameters& parameters, Extent input, int64_t batch);

  // Each adds a layer. `kind` of a norm: batch or group; a ReLU is part of it.
  Network& linear(const std::string& prefix, int64_t out, int32_t activation);
  Network& conv(const std::string& prefix, int64_t out, int64_t kernel);
  Network& max_pool(int64_t kernel);
  Network& norm(const std::string& prefix, const std::string& kind);

  Extent extent() const;  // of the output

  // Queues all layers. The output, in the network's memory, holds until the next forward.
  const float* forward(int64_t n, Mode mode, const float* x);
  // The same with the last layer's output in y.
  void forward(int64_t n, Mode mode, const float* x, float* y);
  // Queues the gradients of the last forward, which was in training. grad_x may be null.
  void backward(int64_t n, const float* x, const float* grad_output, float* grad_x);

 private:
  Network& add(std::unique_ptr<Module> layer);
  const float* input_of(size_t layer, const float* x) const;

  Context& context_;
  Parameters& parameters_;
  Extent input_;
  int64_t batch_;
  std::vector<std::unique_ptr<Module>> layers_;
  std::vector<Buffer<float>> outputs_;  // of each layer
  // Gradients of what goes into a layer: neighbours' in different ones.
  std::unique_ptr<Buffer<float>> grads_[2];
};

}  // namespace host
