// Rotation program: by how many quarter turns was an image rotated? Conv2d(1, 16, 3) + ReLU,
// flatten, Linear(16 (h-2) (w-2), 4), cross-entropy.
//
// Features of an image are the convolution's output, averaged down to 16 x 7 x 7. Averaging is a
// linear map of each channel's plane, so the linear op does it: y = plane P^T.
#include <vector>

#include "host/model/layers.hpp"
#include "host/model/turns.hpp"

namespace host {
namespace {

constexpr int64_t kChannels = 16, kKernel = 3, kPooled = 7;

// P [kPooled^2, h * w] of adaptive average pooling: cell i covers rows floor(i h / kPooled) up to
// ceil((i + 1) h / kPooled), columns likewise.
std::vector<float> pooling_matrix(int64_t h, int64_t w) {
  const auto begin = [](int64_t i, int64_t extent) { return i * extent / kPooled; };
  const auto end = [](int64_t i, int64_t extent) {
    return ((i + 1) * extent + kPooled - 1) / kPooled;
  };
  std::vector<float> matrix(static_cast<size_t>(kPooled * kPooled * h * w), 0.0f);
  for (int64_t cell = 0; cell < kPooled * kPooled; ++cell) {
    const int64_t i = cell / kPooled, j = cell % kPooled;
    const int64_t area = (end(i, h) - begin(i, h)) * (end(j, w) - begin(j, w));
    for (int64_t y = begin(i, h); y < end(i, h); ++y) {
      for (int64_t x = begin(j, w); x < end(j, w); ++x) {
        matrix[static_cast<size_t>((cell * h + y) * w + x)] = 1.0f / static_cast<float>(area);
      }
    }
  }
  return matrix;
}

class Rotation : public Program {
 public:
  Rotation(Context& context, const ProgramConfig& config)
      : Program(context),
        size_(config.h),
        out_size_(config.h - kKernel + 1),
        conv_weight_(
            parameters_.add("conv.weight", {kChannels, 1, kKernel, kKernel}, kKernel * kKernel)),
        conv_bias_(parameters_.add("conv.bias", {kChannels}, kKernel * kKernel)),
        fc_(context, parameters_, "fc", flat(), Turns::kCount, SSLCUDA_ACTIVATION_NONE),
        pooling_(context, pooling_matrix(out_size_, out_size_)),
        turns_(context, config),
        rotated_(context, config.batch * config.h * config.w),
        hidden_(context, config.batch * flat()),
        grad_hidden_(context, config.batch * flat()),
        logits_(context, config.batch * Turns::kCount) {}

  void begin_epoch(Random& random, bool shuffle) override { turns_.begin_epoch(random, shuffle); }

  void gradients(const Batch& batch) override {
    const int64_t n = batch.n;
    float* grad_logits = logits_.data();  // takes the place of the logits
    turns_.rotate(batch, rotated_.data());
    convolve(n, rotated_.data());
    fc_.forward(n, hidden_.data(), logits_.data());
    turns_.loss(n, logits_.data(), loss_.data());
    fc_.backward(n, hidden_.data(), nullptr, grad_logits, grad_hidden_.data());
    const sslcuda_conv2d_shape conv = conv_shape(n);
    context_.run(sslcuda_conv2d_backward, SSLCUDA_F32, &conv, rotated_.data(),
                 conv_weight_.value.data(), hidden_.data(), grad_hidden_.data(),
                 SSLCUDA_ACTIVATION_RELU, nullptr, conv_weight_.grad.data(),
                 conv_bias_.grad.data());
  }

  int64_t feature_width(Layer /*layer*/) const override { return kChannels * kPooled * kPooled; }
  void features(Layer /*layer*/, int64_t n, const float* x, float* y) override {
    convolve(n, x);
    context_.run(sslcuda_linear_forward, SSLCUDA_F32, n * kChannels, out_size_ * out_size_,
                 kPooled * kPooled, hidden_.data(), pooling_.data(), nullptr,
                 SSLCUDA_ACTIVATION_NONE, y);
  }

 private:
  int64_t flat() const { return kChannels * out_size_ * out_size_; }

  sslcuda_conv2d_shape conv_shape(int64_t n) const {
    sslcuda_conv2d_shape shape{};
    shape.size = sizeof(shape);
    shape.n = n;
    shape.c = 1;
    shape.h = shape.w = size_;
    shape.out = kChannels;
    shape.kernel_h = shape.kernel_w = kKernel;
    return shape;
  }

  void convolve(int64_t n, const float* x) {
    const sslcuda_conv2d_shape conv = conv_shape(n);
    context_.run(sslcuda_conv2d_forward, SSLCUDA_F32, &conv, x, conv_weight_.value.data(),
                 conv_bias_.value.data(), SSLCUDA_ACTIVATION_RELU, hidden_.data());
  }

  int64_t size_, out_size_;  // side of an image, and of the convolution's output
  const Parameter& conv_weight_;
  const Parameter& conv_bias_;
  Linear fc_;
  Buffer<float> pooling_;
  Turns turns_;
  Buffer<float> rotated_;               // [n, 1, h, h]
  Buffer<float> hidden_, grad_hidden_;  // [n, 16, h - 2, h - 2]
  Buffer<float> logits_;                // [n, 4], then their gradient
};

}  // namespace

std::unique_ptr<Program> make_rotation(Context& context, const ProgramConfig& config) {
  require_square("rotation", config, kKernel);
  return std::make_unique<Rotation>(context, config);
}

}  // namespace host
