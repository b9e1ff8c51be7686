#include "host/eval/linear_probe.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace host {

LinearProbe::LinearProbe(Context& context, int64_t width, int64_t classes,
                         const ProbeOptions& options)
    : context_(context),
      width_(width),
      classes_(classes),
      options_(options),
      mean_(context, width),
      variance_(context, width),
      weight_(context, classes * width),
      bias_(context, classes),
      grad_weight_(context, classes * width),
      grad_bias_(context, classes),
      velocity_weight_(context, classes * width),
      velocity_bias_(context, classes),
      x_(context, options.batch * width),
      logits_(context, options.batch * classes),
      loss_(context, 1),
      labels_(context, options.batch) {
  // The loss is convex: zeros are as good a start as any.
  for (Buffer<float>* buffer :
       {&mean_, &variance_, &weight_, &bias_, &velocity_weight_, &velocity_bias_}) {
    buffer->zero();
  }
}

void LinearProbe::standardise(Buffer<float>& features, bool fit) {
  constexpr float kMomentum = 1;  // the running statistics become those of this call
  constexpr float kEps = 1e-5f;
  const auto program = [&] {
    context_.run(sslcuda_batch_norm_forward, SSLCUDA_F32, features.size() / width_, width_, 1,
                 features.data(), nullptr, nullptr, mean_.data(), variance_.data(), fit ? 1 : 0,
                 kMomentum, kEps, SSLCUDA_ACTIVATION_NONE, features.data(), nullptr, nullptr);
  };
  context_.reserve_for(program);
  program();
}

// One step on the rows of `data` with the numbers `order` [n].
void LinearProbe::queue_step(const Data& data, int64_t n, const int64_t* order, double lr) {
  const int64_t row_bytes = width_ * static_cast<int64_t>(sizeof(float));
  context_.run(sslcuda_gather_rows, n, row_bytes, data.features, data.count, order, n, nullptr,
               x_.data());
  context_.run(sslcuda_gather_rows, n, static_cast<int64_t>(sizeof(int64_t)), data.labels,
               data.count, order, n, nullptr, labels_.data());
  float* const grad_logits = logits_.data();
  context_.run(sslcuda_linear_forward, SSLCUDA_F32, n, width_, classes_, x_.data(), weight_.data(),
               bias_.data(), SSLCUDA_ACTIVATION_NONE, logits_.data());
  context_.run(sslcuda_cross_entropy, SSLCUDA_F32, n, classes_, logits_.data(), classes_,
               labels_.data(), nullptr, -1, 0.0f, nullptr, loss_.data(), nullptr, grad_logits);
  context_.run(sslcuda_linear_backward, SSLCUDA_F32, n, width_, classes_, x_.data(), weight_.data(),
               nullptr, grad_logits, SSLCUDA_ACTIVATION_NONE, nullptr, grad_weight_.data(),
               grad_bias_.data());
  const int64_t counts[] = {weight_.size(), bias_.size()};
  void* const values[] = {weight_.data(), bias_.data()};
  const void* const grads[] = {grad_weight_.data(), grad_bias_.data()};
  void* const velocities[] = {velocity_weight_.data(), velocity_bias_.data()};
  context_.run(sslcuda_sgd_step, SSLCUDA_F32, 2, counts, values, grads, velocities, lr, nullptr,
               options_.momentum, 0.0, 0);
}

double LinearProbe::learning_rate(int64_t step, int64_t steps) const {
  const double base = options_.lr * static_cast<double>(options_.batch) / 256;
  const double done = static_cast<double>(step) / static_cast<double>(steps);
  return 0.5 * base * (1 + std::cos(std::numbers::pi * done));
}

double LinearProbe::run_epoch(const Data& data, int64_t epoch, Buffer<int64_t>& order_on_device) {
  std::vector<int64_t> order(static_cast<size_t>(data.count));
  std::iota(order.begin(), order.end(), int64_t{0});
  Random(options_.seed, static_cast<uint64_t>(epoch)).shuffle(std::span(order));
  order_on_device.upload(order);
  const int64_t steps = (data.count + options_.batch - 1) / options_.batch;
  Buffer<float> losses(context_, steps);
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t first = i * options_.batch;
    queue_step(data, std::min(options_.batch, data.count - first), order_on_device.data() + first,
               learning_rate(epoch * steps + i, options_.epochs * steps));
    context_.run(sslcuda_copy, losses.data() + i, loss_.data(), sizeof(float),
                 SSLCUDA_DEVICE_TO_DEVICE);
  }
  const std::vector<float> values = download(losses);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(steps);
}

std::vector<double> LinearProbe::train(Buffer<float>& features, std::span<const uint8_t> labels,
                                       const Advance& advance) {
  standardise(features, true);
  const std::vector<int64_t> wide(labels.begin(), labels.end());
  const Buffer<int64_t> all_labels(context_, wide);
  Buffer<int64_t> order(context_, static_cast<int64_t>(labels.size()));
  const Data data{features.data(), all_labels.data(), order.size()};
  context_.reserve_for([&] {
    const int64_t rest = data.count % options_.batch;
    queue_step(data, std::min(options_.batch, data.count), order.data(), 0);
    if (rest > 0) queue_step(data, rest, order.data(), 0);
  });
  std::vector<double> losses;
  for (int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
    advance(static_cast<double>(epoch) / static_cast<double>(options_.epochs));
    losses.push_back(run_epoch(data, epoch, order));
  }
  return losses;
}

std::vector<uint8_t> LinearProbe::predict(Buffer<float>& features) {
  standardise(features, false);
  return predict_standardised(features);
}

std::vector<uint8_t> LinearProbe::predict_standardised(const Buffer<float>& features) {
  const int64_t n = features.size() / width_;
  const Buffer<float> logits(context_, n * classes_);
  const auto program = [&] {
    context_.run(sslcuda_linear_forward, SSLCUDA_F32, n, width_, classes_, features.data(),
                 weight_.data(), bias_.data(), SSLCUDA_ACTIVATION_NONE, logits.data());
  };
  context_.reserve_for(program);
  program();
  const std::vector<float> values = download(logits);
  std::vector<uint8_t> predictions;
  for (auto row = values.begin(); row != values.end(); row += classes_) {
    predictions.push_back(static_cast<uint8_t>(std::max_element(row, row + classes_) - row));
  }
  return predictions;
}

}  // namespace host
