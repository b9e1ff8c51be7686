// SimCLR (Chen et al. 2020): two random views of each image go through a convolutional encoder and
// a projection head, and NT-Xent wants the two to find each other among all views of the batch.
#include "host/model/encoder.hpp"
#include "host/model/recipe.hpp"
#include "host/model/views.hpp"

namespace host {
namespace {

constexpr int64_t kViews = 2, kHidden = 256, kWidth = 128;

class Simclr : public Program {
 public:
  Simclr(Context& context, const ProgramConfig& config)
      : Program(context),
        tau_(static_cast<float>(config.temperature)),
        views_(context, config, config.augment ? simclr_augmentation() : no_augmentation()),
        encoder_(make_encoder(context, parameters_, config, kViews * config.batch)),
        projector_(context, parameters_, encoder_.extent(), kViews * config.batch),
        x_(context, kViews * config.batch * config.h * config.w),
        grad_features_(context, kViews * config.batch * encoder_.extent().size()),
        grad_z_(context, kViews * config.batch * kWidth) {
    projector_.linear("projector.fc1", kHidden, SSLCUDA_ACTIVATION_RELU)
        .linear("projector.fc2", kWidth, SSLCUDA_ACTIVATION_NONE);
  }

  int64_t smallest_batch() const override { return 2; }

  void gradients(const Batch& batch) override {
    const int64_t n = kViews * batch.n;
    views_.draw(batch, kViews, x_.data());
    const float* features = encoder_.forward(n, Mode::kTraining, x_.data());
    const float* z = projector_.forward(n, Mode::kTraining, features);
    contrast(n, z);
    projector_.backward(n, features, grad_z_.data(), grad_features_.data());
    encoder_.backward(n, x_.data(), grad_features_.data(), nullptr);
  }

  bool has_projector() const override { return true; }
  int64_t feature_width(Layer layer) const override {
    return layer == Layer::kBackbone ? encoder_.extent().size() : kWidth;
  }
  void features(Layer layer, int64_t n, const float* x, float* y) override {
    if (layer == Layer::kBackbone) {
      encoder_.forward(n, Mode::kEvaluation, x, y);
    } else {
      projector_.forward(n, Mode::kEvaluation, encoder_.forward(n, Mode::kEvaluation, x), y);
    }
  }

 private:
  // The views of image i are rows i and i + n / 2, as NT-Xent pairs them.
  void contrast(int64_t n, const float* z) {
    sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
    args.kind = SSLCUDA_NTXENT;
    args.normalize = 1;
    args.n = n;
    args.d = kWidth;
    args.a = z;
    args.lda = kWidth;
    args.tau = tau_;
    args.loss = loss_.data();
    args.grad_a = grad_z_.data();
    context_.run(sslcuda_contrastive, SSLCUDA_F32, &args);
  }

  float tau_;
  Views views_;
  Network encoder_, projector_;
  Buffer<float> x_;              // [2 n, h * w]
  Buffer<float> grad_features_;  // [2 n, feature width]
  Buffer<float> grad_z_;         // [2 n, 128]
};

}  // namespace

std::unique_ptr<Program> make_simclr(Context& context, const ProgramConfig& config) {
  return std::make_unique<Simclr>(context, config);
}

}  // namespace host
