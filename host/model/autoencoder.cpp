// Autoencoder program: Linear(h * w, 128) + ReLU, Linear(128, h * w) + sigmoid, mean squared error
// against the input. The sigmoid is fused into the loss, so the decoder's output stays linear.
#include "host/model/linear.hpp"
#include "host/model/program.hpp"

namespace host {
namespace {

constexpr int64_t kWidth = 128;

class Autoencoder : public Program {
 public:
  Autoencoder(Context& context, const ProgramConfig& config)
      : Program(context),
        pixels_(config.h * config.w),
        encoder_(context, parameters_, "encoder", pixels_, kWidth, SSLCUDA_ACTIVATION_RELU),
        decoder_(context, parameters_, "decoder", kWidth, pixels_, SSLCUDA_ACTIVATION_NONE),
        hidden_(context, config.batch * kWidth),
        grad_hidden_(context, config.batch * kWidth),
        output_(context, config.batch * pixels_) {}

  void gradients(int64_t n, const float* x, const int64_t* /*cursor*/) override {
    float* grad_output = output_.data();  // takes the place of the output
    encoder_.forward(n, x, hidden_.data());
    decoder_.forward(n, hidden_.data(), output_.data());
    context_.run(sslcuda_mse, SSLCUDA_F32, n * pixels_, output_.data(), x, 1, nullptr, loss_.data(),
                 grad_output);
    decoder_.backward(n, hidden_.data(), nullptr, grad_output, grad_hidden_.data());
    encoder_.backward(n, x, hidden_.data(), grad_hidden_.data(), nullptr);
  }

  int64_t feature_width() const override { return kWidth; }
  void features(int64_t n, const float* x, float* y) override { encoder_.forward(n, x, y); }

  bool reconstructs() const override { return true; }
  void reconstruct(int64_t n, const float* x, float* y) override {
    encoder_.forward(n, x, hidden_.data());
    decoder_.forward(n, hidden_.data(), SSLCUDA_ACTIVATION_SIGMOID, y);
  }

 private:
  int64_t pixels_;
  Linear encoder_, decoder_;
  Buffer<float> hidden_, grad_hidden_;  // [n, 128]
  Buffer<float> output_;                // [n, h * w], then its gradient
};

}  // namespace

std::unique_ptr<Program> make_autoencoder(Context& context, const ProgramConfig& config) {
  return std::make_unique<Autoencoder>(context, config);
}

}  // namespace host
