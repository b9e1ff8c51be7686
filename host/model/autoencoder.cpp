// Autoencoder program: Linear(h * w, 128) + ReLU, Linear(128, h * w) + sigmoid, mean squared error
// against the input. The sigmoid is fused into the loss, so the decoder's output stays linear.
// As a denoising autoencoder (Vincent et al. 2008) it sees the images corrupted.
#include "host/model/layers.hpp"
#include "host/model/recipe.hpp"
#include "host/model/views.hpp"

namespace host {
namespace {

constexpr int64_t kWidth = 128;

class Autoencoder : public Program {
 public:
  Autoencoder(Context& context, const ProgramConfig& config, bool denoises)
      : Program(context),
        pixels_(config.h * config.w),
        denoises_(denoises),
        corruption_(context, config, denoise_corruption()),
        encoder_(context, parameters_, "encoder", pixels_, kWidth, SSLCUDA_ACTIVATION_RELU),
        decoder_(context, parameters_, "decoder", kWidth, pixels_, SSLCUDA_ACTIVATION_NONE),
        corrupted_(context, denoises ? config.batch * pixels_ : 0),
        hidden_(context, config.batch * kWidth),
        grad_hidden_(context, config.batch * kWidth),
        output_(context, config.batch * pixels_) {}

  void gradients(const Batch& batch) override {
    const int64_t n = batch.n;
    const float* x = batch.x;
    if (denoises_) {
      corruption_.draw(batch, 1, corrupted_.data());
      x = corrupted_.data();
    }
    float* grad_output = output_.data();  // takes the place of the output
    encoder_.forward(n, x, hidden_.data());
    decoder_.forward(n, hidden_.data(), output_.data());
    context_.run(sslcuda_mse, SSLCUDA_F32, n * pixels_, output_.data(), batch.x, 1, nullptr,
                 loss_.data(), grad_output);
    decoder_.backward(n, hidden_.data(), nullptr, grad_output, grad_hidden_.data());
    encoder_.backward(n, x, hidden_.data(), grad_hidden_.data(), nullptr);
  }

  int64_t feature_width(Layer /*layer*/) const override { return kWidth; }
  void features(Layer /*layer*/, int64_t n, const float* x, float* y) override {
    encoder_.forward(n, x, y);
  }

  bool reconstructs() const override { return true; }
  void reconstruct(int64_t n, const float* x, float* y) override {
    encoder_.forward(n, x, hidden_.data());
    decoder_.forward(n, hidden_.data(), SSLCUDA_ACTIVATION_SIGMOID, y);
  }

  bool corrupts() const override { return denoises_; }
  void corrupt(int64_t n, const float* x, uint64_t sequence, float* y) override {
    corruption_.draw(n, x, 1, sequence, y);
  }

 private:
  int64_t pixels_;
  bool denoises_;
  Views corruption_;
  Linear encoder_, decoder_;
  Buffer<float> corrupted_;             // [n, h * w]; empty unless it denoises
  Buffer<float> hidden_, grad_hidden_;  // [n, 128]
  Buffer<float> output_;                // [n, h * w], then its gradient
};

}  // namespace

std::unique_ptr<Program> make_autoencoder(Context& context, const ProgramConfig& config) {
  return std::make_unique<Autoencoder>(context, config, false);
}

std::unique_ptr<Program> make_denoise(Context& context, const ProgramConfig& config) {
  return std::make_unique<Autoencoder>(context, config, true);
}

}  // namespace host
