// Contrastive program: z = Linear(h * w, 128)(x), InfoNCE of z against itself. Two encodings of
// identical images are identical, so z is computed once and stands for both sides.
#include "host/model/linear.hpp"
#include "host/model/program.hpp"

namespace host {
namespace {

constexpr int64_t kWidth = 128;

class Contrastive : public Program {
 public:
  Contrastive(Context& context, const ProgramConfig& config)
      : Program(context),
        tau_(static_cast<float>(config.temperature)),
        fc_(context, parameters_, "fc", config.h * config.w, kWidth, SSLCUDA_ACTIVATION_NONE),
        z_(context, config.batch * kWidth),
        grad_z_(context, config.batch * kWidth) {}

  PixelScale pixel_scale() const override { return {0.5f, 0.5f}; }
  int64_t smallest_batch() const override { return 2; }

  void gradients(int64_t n, const float* x, const int64_t* /*cursor*/) override {
    fc_.forward(n, x, z_.data());
    context_.run(sslcuda_infonce, SSLCUDA_F32, n, kWidth, z_.data(), kWidth, z_.data(), kWidth,
                 tau_, nullptr, nullptr, loss_.data(), nullptr, grad_z_.data(), grad_z_.data(),
                 nullptr);
    fc_.backward(n, x, nullptr, grad_z_.data(), nullptr);
  }

  int64_t feature_width() const override { return kWidth; }
  void features(int64_t n, const float* x, float* y) override { fc_.forward(n, x, y); }

 private:
  float tau_;
  Linear fc_;
  Buffer<float> z_, grad_z_;  // [n, 128]
};

}  // namespace

std::unique_ptr<Program> make_contrastive(Context& context, const ProgramConfig& config) {
  return std::make_unique<Contrastive>(context, config);
}

}  // namespace host
