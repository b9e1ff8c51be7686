// RotNet (Gidaris et al. 2018): the rotation task with the convolutional encoder and a linear
// classifier on top.
#include "host/model/encoder.hpp"
#include "host/model/turns.hpp"

namespace host {
namespace {

class Rotnet : public Program {
 public:
  Rotnet(Context& context, const ProgramConfig& config)
      : Program(context),
        turns_(context, config),
        encoder_(make_encoder(context, parameters_, config, config.batch)),
        fc_(context, parameters_, "fc", encoder_.extent().size(), Turns::kCount,
            SSLCUDA_ACTIVATION_NONE),
        rotated_(context, config.batch * config.h * config.w),
        grad_features_(context, config.batch * encoder_.extent().size()),
        logits_(context, config.batch * Turns::kCount) {}

  int64_t smallest_batch() const override { return 2; }

  void begin_epoch(Random& random, bool shuffle) override { turns_.begin_epoch(random, shuffle); }

  void gradients(const Batch& batch) override {
    const int64_t n = batch.n;
    float* grad_logits = logits_.data();  // takes the place of the logits
    turns_.rotate(batch, rotated_.data());
    const float* features = encoder_.forward(n, Mode::kTraining, rotated_.data());
    fc_.forward(n, features, logits_.data());
    turns_.loss(n, logits_.data(), loss_.data());
    fc_.backward(n, features, nullptr, grad_logits, grad_features_.data());
    encoder_.backward(n, rotated_.data(), grad_features_.data(), nullptr);
  }

  int64_t feature_width(Layer /*layer*/) const override { return encoder_.extent().size(); }
  void features(Layer /*layer*/, int64_t n, const float* x, float* y) override {
    encoder_.forward(n, Mode::kEvaluation, x, y);
  }

 private:
  Turns turns_;
  Network encoder_;
  Linear fc_;
  Buffer<float> rotated_;        // [n, h, h]
  Buffer<float> grad_features_;  // [n, feature width]
  Buffer<float> logits_;         // [n, 4], then their gradient
};

}  // namespace

std::unique_ptr<Program> make_rotnet(Context& context, const ProgramConfig& config) {
  require_square("rotnet", config, 1);
  return std::make_unique<Rotnet>(context, config);
}

}  // namespace host
