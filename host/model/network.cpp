#include "host/model/network.hpp"

namespace host {

Network::Network(Context& context, Parameters& parameters, Extent input, int64_t batch)
    : context_(context), parameters_(parameters), input_(input), batch_(batch) {}

Network& Network::linear(const std::string& prefix, int64_t out, int32_t activation) {
  return add(
      std::make_unique<Linear>(context_, parameters_, prefix, extent().size(), out, activation));
}

Network& Network::conv(const std::string& prefix, int64_t out, int64_t kernel) {
  return add(std::make_unique<Conv>(context_, parameters_, prefix, extent(), out, kernel));
}

Network& Network::max_pool(int64_t kernel) {
  return add(std::make_unique<MaxPool>(context_, extent(), kernel));
}

Network& Network::norm(const std::string& prefix, const std::string& kind) {
  constexpr int64_t kGroups = 8;
  if (kind == "group") {
    return add(
        std::make_unique<GroupNorm>(context_, parameters_, prefix, extent(), kGroups, batch_));
  }
  return add(std::make_unique<BatchNorm>(context_, parameters_, prefix, extent()));
}

Network& Network::add(std::unique_ptr<Module> layer) {
  // The gradient of the layer's input is as large as the input.
  std::unique_ptr<Buffer<float>>& grad = grads_[layers_.size() % 2];
  const int64_t needed = batch_ * extent().size();
  if (!layers_.empty() && (!grad || grad->size() < needed)) {
    grad = std::make_unique<Buffer<float>>(context_, needed);
  }
  outputs_.emplace_back(context_, batch_ * layer->extent().size());
  layers_.push_back(std::move(layer));
  return *this;
}

Extent Network::extent() const { return layers_.empty() ? input_ : layers_.back()->extent(); }

const float* Network::input_of(size_t layer, const float* x) const {
  return layer == 0 ? x : outputs_[layer - 1].data();
}

const float* Network::forward(int64_t n, Mode mode, const float* x) {
  forward(n, mode, x, outputs_.back().data());
  return outputs_.back().data();
}

void Network::forward(int64_t n, Mode mode, const float* x, float* y) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool is_last = i + 1 == layers_.size();
    layers_[i]->forward(n, mode, input_of(i, x), is_last ? y : outputs_[i].data());
  }
}

void Network::backward(int64_t n, const float* x, const float* grad_output, float* grad_x) {
  const float* grad_y = grad_output;
  for (size_t i = layers_.size(); i-- > 0;) {
    float* const grad = i == 0 ? grad_x : grads_[i % 2]->data();
    layers_[i]->backward(n, input_of(i, x), outputs_[i].data(), grad_y, grad);
    grad_y = grad;
  }
}

}  // namespace host
