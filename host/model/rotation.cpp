// Rotation program: each image is turned by k * 90 degrees counter-clockwise, and the model tells
// k: Conv2d(1, 16, 3) + ReLU, flatten, Linear(16 (h-2) (w-2), 4), cross-entropy. In file order
// (no shuffling) image i has k = i mod 4, else k is drawn anew in each epoch.
//
// Features of an image are the convolution's output, averaged down to 16 x 7 x 7. Averaging is a
// linear map of each channel's plane, so the linear op does it: y = plane P^T.
#include <vector>

#include "host/failure.hpp"
#include "host/model/linear.hpp"
#include "host/model/program.hpp"

namespace host {
namespace {

constexpr int64_t kChannels = 16, kKernel = 3, kTurns = 4, kPooled = 7;

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
        fc_(context, parameters_, "fc", flat(), kTurns, SSLCUDA_ACTIVATION_NONE),
        pooling_(context, pooling_matrix(out_size_, out_size_)),
        epoch_turns_(context, config.images),
        turns_(context, config.batch),
        rotated_(context, config.batch * config.h * config.w),
        hidden_(context, config.batch * flat()),
        grad_hidden_(context, config.batch * flat()),
        logits_(context, config.batch * kTurns) {}

  void begin_epoch(Random& random, bool shuffle) override {
    std::vector<int64_t> turns(static_cast<size_t>(epoch_turns_.size()));
    for (size_t i = 0; i < turns.size(); ++i) {
      turns[i] = static_cast<int64_t>(shuffle ? random.below(kTurns) : i % kTurns);
    }
    epoch_turns_.upload(turns);
  }

  void gradients(int64_t n, const float* x, const int64_t* cursor) override {
    float* grad_logits = logits_.data();  // takes the place of the logits
    context_.run(sslcuda_gather_rows, n, sizeof(int64_t), epoch_turns_.data(), epoch_turns_.size(),
                 nullptr, 0, cursor, turns_.data());
    context_.run(sslcuda_rotate90, SSLCUDA_F32, n, 1, size_, x, turns_.data(), rotated_.data());
    convolve(n, rotated_.data());
    fc_.forward(n, hidden_.data(), logits_.data());
    context_.run(sslcuda_cross_entropy, SSLCUDA_F32, n, kTurns, logits_.data(), kTurns,
                 turns_.data(), nullptr, -100, 0.0f, nullptr, loss_.data(), nullptr, grad_logits);
    fc_.backward(n, hidden_.data(), nullptr, grad_logits, grad_hidden_.data());
    const sslcuda_conv2d_shape conv = conv_shape(n);
    context_.run(sslcuda_conv2d_backward, SSLCUDA_F32, &conv, rotated_.data(),
                 conv_weight_.value.data(), hidden_.data(), grad_hidden_.data(),
                 SSLCUDA_ACTIVATION_RELU, nullptr, conv_weight_.grad.data(),
                 conv_bias_.grad.data());
  }

  int64_t feature_width() const override { return kChannels * kPooled * kPooled; }
  void features(int64_t n, const float* x, float* y) override {
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
  Buffer<int64_t> epoch_turns_;         // [images], in the epoch's order
  Buffer<int64_t> turns_;               // [n], also the labels
  Buffer<float> rotated_;               // [n, 1, h, h]
  Buffer<float> hidden_, grad_hidden_;  // [n, 16, h - 2, h - 2]
  Buffer<float> logits_;                // [n, 4], then their gradient
};

}  // namespace

std::unique_ptr<Program> make_rotation(Context& context, const ProgramConfig& config) {
  if (config.h != config.w || config.h < kKernel) {
    throw Failure(
        Exit::kData,
        "the rotation program needs square images of at least {0}x{0}, these are {1}x{2}; "
        "use another program or other images",
        kKernel, config.h, config.w);
  }
  return std::make_unique<Rotation>(context, config);
}

}  // namespace host
