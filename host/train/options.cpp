#include "host/train/options.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "host/abi/device.hpp"
#include "host/failure.hpp"

namespace host {
namespace {

using O = TrainOptions;

constexpr ProgramInfo kPrograms[] = {
    {"contrastive", "Linear encoder with InfoNCE: every image against the rest of its batch"},
    {"rotation", "One convolution that predicts by how many quarter turns an image was rotated"},
    {"autoencoder", "Encoder and decoder of one layer each that reconstruct the image"},
    {"simclr", "Convolutional encoder with NT-Xent on two views of each image"},
    {"rotnet", "The rotation task with the convolutional encoder"},
    {"vae", "Variational autoencoder, 784-400-20 for images of 28x28"},
    {"denoise", "Autoencoder that reconstructs the image from a corrupted copy"},
};

constexpr OptionField kFields[] = {
    {"data", "DIR",
     "IDX files, plain or .gz (default: $SSLCUDA_DATA, else the system's Fashion-MNIST)", &O::data,
     Effect::kNone},  // the files' hashes must agree, not their place
    {"init", "FILE", "Initial parameters, from a safetensors file", &O::init, Effect::kResults},
    {"epochs", "N", "Passes over the training images", &O::epochs, Effect::kLength},
    {"steps", "N", "Stop after so many steps (0: after all epochs)", &O::steps,
     Effect::kNone},  // no step before depends on it
    {"batch_size", "N", "Images per step", &O::batch_size, Effect::kResults},
    {"seed", "N", "Random seed", &O::seed, Effect::kResults},
    {"shuffle", "",
     "Images in random order; without it rotation turns image i by (i mod 4) * 90 degrees",
     &O::shuffle, Effect::kResults},
    {"augment", "", "Two distinct views of each image", &O::augment, Effect::kResults,
     " contrastive "},
    {"temperature", "X", "Temperature of the loss", &O::temperature, Effect::kResults,
     " contrastive simclr "},
    {"norm", "NAME", "Normalisation in the encoder: batch or group", &O::norm, Effect::kResults,
     " simclr rotnet "},
    {"optimizer", "NAME", "Optimiser: adam, sgd or lars", &O::optimizer, Effect::kResults},
    {"lr", "X", "Learning rate", &O::lr, Effect::kResults},
    {"lr_schedule", "NAME", "constant, or cosine, which falls to 0 at the last epoch",
     &O::lr_schedule, Effect::kResults},
    {"warmup_epochs", "X", "Epochs of linear warm-up from 0", &O::warmup_epochs, Effect::kResults},
    {"momentum", "X", "Momentum of sgd and lars", &O::momentum, Effect::kResults},
    {"weight_decay", "X", "Weight decay of sgd and lars", &O::weight_decay, Effect::kResults},
    {"log_every", "N", "Steps per line of metrics.jsonl", &O::log_every, Effect::kResults},
    {"eval_every", "N", "Epochs between kNN evaluations (0: only at the end)", &O::eval_every,
     Effect::kResults},
    {"eval", "", "kNN, reconstruction error and pictures at the end; needs labels", &O::evaluate,
     Effect::kNone},
    {"tensorboard", "", "Event file for TensorBoard", &O::tensorboard, Effect::kNone},
    {"checkpoint_every", "N", "Epochs between checkpoints; there is one each minute in any case",
     &O::checkpoint_every, Effect::kNone},
    {"checkpoint_steps", "N", "Also save after so many steps (0: never)", &O::checkpoint_steps,
     Effect::kNone},
    {"keep", "N", "Newest checkpoints epoch-N to keep (0: all)", &O::keep, Effect::kNone},
    {"device", "NAME", "auto, cpu, cuda or cuda:N", &O::device, Effect::kNone},
    {"threads", "N", "CPU threads (0: all)", &O::threads, Effect::kNone},
    {"graph", "", "Record the step as a graph and replay it", &O::graph, Effect::kNone},
};

template <class T>
void require(bool holds, const char* option, const T& value, const char* rule) {
  if (!holds) throw Failure(Exit::kUsage, "{} is {} but {}; see --help", option, value, rule);
}

void require_count(const char* option, int64_t value, int64_t low) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (value >= low && value <= kMax) return;
  throw Failure(Exit::kUsage, "{} is {} but must be in {}..{}; see --help", option, value, low,
                kMax);
}

void require_positive(const char* option, double value) {
  require(std::isfinite(value) && static_cast<float>(value) > 0, option, value,
          "must be finite and greater than 0");
}

void require_not_negative(const char* option, double value) {
  require(std::isfinite(value) && value >= 0, option, value, "must be finite and at least 0");
}

}  // namespace

std::span<const ProgramInfo> programs() { return kPrograms; }

std::span<const OptionField> option_fields() { return kFields; }

std::string option_name(const OptionField& field) {
  std::string name = fmt::format("--{}", field.key);
  std::ranges::replace(name, '_', '-');
  return name;
}

bool applies(const OptionField& field, const std::string& program) {
  const std::string_view methods = field.methods;
  return methods.empty() || methods.find(" " + program + " ") != std::string_view::npos;
}

void validate(const TrainOptions& options) {
  require_count("--epochs", options.epochs, 1);
  require_count("--steps", options.steps, 0);
  require_count("--batch-size", options.batch_size, 1);
  require_count("--log-every", options.log_every, 1);
  require_count("--eval-every", options.eval_every, 0);
  require(options.evaluate || options.eval_every == 0, "--eval-every", options.eval_every,
          "must be 0 with --no-eval");
  require_count("--checkpoint-every", options.checkpoint_every, 1);
  require_count("--checkpoint-steps", options.checkpoint_steps, 0);
  require_count("--keep", options.keep, 0);
  require(options.threads >= 0 && options.threads <= 1024, "--threads", options.threads,
          "must be in 0..1024");
  require_positive("--lr", options.lr);
  require_positive("--temperature", options.temperature);
  require_not_negative("--warmup-epochs", options.warmup_epochs);
  require_not_negative("--weight-decay", options.weight_decay);
  require(options.momentum >= 0 && options.momentum < 1, "--momentum", options.momentum,
          "must be at least 0 and less than 1");
  require(options.norm == "batch" || options.norm == "group", "--norm", options.norm,
          "must be batch or group");
  require(options.optimizer == "adam" || options.optimizer == "sgd" || options.optimizer == "lars",
          "--optimizer", options.optimizer, "must be adam, sgd or lars");
  require(options.lr_schedule == "constant" || options.lr_schedule == "cosine", "--lr-schedule",
          options.lr_schedule, "must be constant or cosine");
  require(is_device(options.device), "--device", options.device,
          "must be auto, cpu, cuda or cuda:N");
}

}  // namespace host
