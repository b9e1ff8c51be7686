// Contrastive program: z = Linear(h * w, 128)(x), InfoNCE of one view's z against the other's.
// Without augmentation the views are identical, and so z is computed once and stands for both.
#include "host/model/layers.hpp"
#include "host/model/recipe.hpp"
#include "host/model/views.hpp"

namespace host {
namespace {

constexpr int64_t kWidth = 128;

class Contrastive : public Program {
 public:
  Contrastive(Context& context, const ProgramConfig& config)
      : Program(context),
        tau_(static_cast<float>(config.temperature)),
        sides_(config.augment ? 2 : 1),
        views_(context, config, contrastive_augmentation()),
        fc_(context, parameters_, "fc", config.h * config.w, kWidth, SSLCUDA_ACTIVATION_NONE),
        x_(context, config.augment ? sides_ * config.batch * config.h * config.w : 0),
        z_(context, sides_ * config.batch * kWidth),
        grad_z_(context, sides_ * config.batch * kWidth) {}

  PixelScale pixel_scale() const override { return {0.5f, 0.5f}; }
  int64_t smallest_batch() const override { return 2; }

  void gradients(const Batch& batch) override {
    const int64_t n = batch.n;
    const float* x = batch.x;
    if (sides_ == 2) {
      views_.draw(batch, sides_, x_.data());
      x = x_.data();
    }
    const int64_t other = (sides_ - 1) * n * kWidth;  // where the other view's rows begin
    fc_.forward(sides_ * n, x, z_.data());
    context_.run(sslcuda_infonce, SSLCUDA_F32, n, kWidth, z_.data(), kWidth, z_.data() + other,
                 kWidth, tau_, nullptr, nullptr, loss_.data(), nullptr, grad_z_.data(),
                 grad_z_.data() + other, nullptr);
    fc_.backward(sides_ * n, x, nullptr, grad_z_.data(), nullptr);
  }

  int64_t feature_width(Layer /*layer*/) const override { return kWidth; }
  void features(Layer /*layer*/, int64_t n, const float* x, float* y) override {
    fc_.forward(n, x, y);
  }

 private:
  float tau_;
  int64_t sides_;  // views that differ
  Views views_;
  Linear fc_;
  Buffer<float> x_;           // [2 n, h * w]; empty without augmentation
  Buffer<float> z_, grad_z_;  // [sides n, 128]
};

}  // namespace

std::unique_ptr<Program> make_contrastive(Context& context, const ProgramConfig& config) {
  return std::make_unique<Contrastive>(context, config);
}

}  // namespace host
