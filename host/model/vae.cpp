// Variational autoencoder (Kingma & Welling 2014): Linear(h * w, 400) + ReLU and Linear(400, 2 *
// 20) give mu and logvar of a code z = mu + exp(logvar / 2) noise, Linear(20, 400) + ReLU and
// Linear(400, h * w) the logit of each pixel. The loss is the cross-entropy with the pixels, summed
// over an image, and the code's divergence from a standard normal distribution.
#include "host/model/network.hpp"
#include "host/model/program.hpp"

namespace host {
namespace {

constexpr int64_t kHidden = 400, kCode = 20;

class Vae : public Program {
 public:
  Vae(Context& context, const ProgramConfig& config)
      : Program(context),
        pixels_(config.h * config.w),
        seed_(config.seed),
        encoder_fc1_(context, parameters_, "encoder.fc1", pixels_, kHidden,
                     SSLCUDA_ACTIVATION_RELU),
        encoder_fc2_(context, parameters_, "encoder.fc2", kHidden, 2 * kCode,
                     SSLCUDA_ACTIVATION_NONE),
        decoder_fc1_(context, parameters_, "decoder.fc1", kCode, kHidden, SSLCUDA_ACTIVATION_RELU),
        decoder_fc2_(context, parameters_, "decoder.fc2", kHidden, pixels_,
                     SSLCUDA_ACTIVATION_NONE),
        encoder_hidden_(context, config.batch * kHidden),
        decoder_hidden_(context, config.batch * kHidden),
        grad_hidden_(context, config.batch * kHidden),
        distribution_(context, config.batch * 2 * kCode),
        noise_(context, config.batch * kCode),
        z_(context, config.batch * kCode),
        grad_z_(context, config.batch * kCode),
        output_(context, config.batch * pixels_),
        terms_(context, 2),
        term_weights_(context, std::vector<float>{static_cast<float>(pixels_), 1}) {}

  void gradients(const Batch& batch) override {
    const int64_t n = batch.n;
    float* grad_output = output_.data();  // takes the place of the output
    encode(n, batch);
    decoder_fc1_.forward(n, z_.data(), decoder_hidden_.data());
    decoder_fc2_.forward(n, decoder_hidden_.data(), output_.data());
    // The mean over all pixels of the batch, weighted with the pixels of an image.
    context_.run(sslcuda_binary_cross_entropy, SSLCUDA_F32, n * pixels_, output_.data(), batch.x,
                 term_weights_.data(), terms_.data(), grad_output);
    context_.run(sslcuda_matmul, SSLCUDA_F32, 1, 1, 2, terms_.data(), 2, 0, term_weights_.data(), 1,
                 0, 1.0f, 0.0f, loss_.data(), 1);
    decoder_fc2_.backward(n, decoder_hidden_.data(), nullptr, grad_output, grad_hidden_.data());
    decoder_fc1_.backward(n, z_.data(), decoder_hidden_.data(), grad_hidden_.data(),
                          grad_z_.data());
    encode_backward(n, batch.x);
  }

  int64_t feature_width(Layer /*layer*/) const override { return kCode; }
  void features(Layer /*layer*/, int64_t n, const float* x, float* y) override {
    encoder_fc1_.forward(n, x, encoder_hidden_.data());
    encoder_fc2_.forward(n, encoder_hidden_.data(), kCode, SSLCUDA_ACTIVATION_NONE, y);  // mu
  }

  bool reconstructs() const override { return true; }
  void reconstruct(int64_t n, const float* x, float* y) override {
    features(Layer::kBackbone, n, x, z_.data());
    decode(n, z_.data(), y);
  }

  int64_t latent_width() const override { return kCode; }
  void decode(int64_t n, const float* z, float* y) override {
    decoder_fc1_.forward(n, z, decoder_hidden_.data());
    decoder_fc2_.forward(n, decoder_hidden_.data(), SSLCUDA_ACTIVATION_SIGMOID, y);
  }

 private:
  float* mu() const { return distribution_.data(); }
  float* logvar() const { return distribution_.data() + kCode; }

  void encode(int64_t n, const Batch& batch) {
    encoder_fc1_.forward(n, batch.x, encoder_hidden_.data());
    encoder_fc2_.forward(n, encoder_hidden_.data(), distribution_.data());
    context_.run(sslcuda_random_normal, SSLCUDA_F32, n * kCode, seed_, 0, batch.steps_done, 0.0f,
                 1.0f, noise_.data());
    context_.run(sslcuda_reparameterize_forward, SSLCUDA_F32, n, kCode, mu(), logvar(), 2 * kCode,
                 noise_.data(), z_.data(), terms_.data() + 1);
  }

  void encode_backward(int64_t n, const float* x) {
    context_.run(sslcuda_reparameterize_backward, SSLCUDA_F32, n, kCode, mu(), logvar(), 2 * kCode,
                 noise_.data(), grad_z_.data(), nullptr, mu(), logvar());
    const float* grad_distribution = distribution_.data();
    encoder_fc2_.backward(n, encoder_hidden_.data(), nullptr, grad_distribution,
                          grad_hidden_.data());
    encoder_fc1_.backward(n, x, encoder_hidden_.data(), grad_hidden_.data(), nullptr);
  }

  int64_t pixels_;
  uint64_t seed_;
  Linear encoder_fc1_, encoder_fc2_, decoder_fc1_, decoder_fc2_;
  Buffer<float> encoder_hidden_, decoder_hidden_, grad_hidden_;  // [n, 400]
  Buffer<float> distribution_;          // [n, 2 * 20]: mu and logvar, then their gradients
  Buffer<float> noise_, z_, grad_z_;    // [n, 20]
  Buffer<float> output_;                // [n, h * w], then its gradient
  Buffer<float> terms_, term_weights_;  // [2] of the loss: cross-entropy of a pixel, divergence
};

}  // namespace

std::unique_ptr<Program> make_vae(Context& context, const ProgramConfig& config) {
  return std::make_unique<Vae>(context, config);
}

}  // namespace host
