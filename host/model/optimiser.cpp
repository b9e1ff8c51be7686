#include "host/model/optimiser.hpp"

#include <cmath>
#include <numbers>

#include "host/failure.hpp"

namespace host {
namespace {

constexpr double kLarsTrust = 1e-3;

}  // namespace

double learning_rate(const TrainOptions& options, int64_t steps_per_epoch, int64_t step) {
  const auto at = static_cast<double>(step);
  const double warmup = std::round(options.warmup_epochs * static_cast<double>(steps_per_epoch));
  if (at < warmup) return options.lr * (at + 1) / warmup;
  if (options.lr_schedule == "constant") return options.lr;
  const double all = static_cast<double>(options.epochs) * static_cast<double>(steps_per_epoch);
  const double done = all > warmup ? std::min(1.0, (at - warmup) / (all - warmup)) : 0;
  return 0.5 * options.lr * (1 + std::cos(std::numbers::pi * done));
}

Optimiser::Optimiser(Context& context, const Parameters& parameters, const TrainOptions& options,
                     int64_t steps_per_epoch)
    : context_(context), options_(options), rates_(context, steps_per_epoch), rate_(context, 1) {
  if (options.optimizer == "adam" && options.weight_decay > 0) {
    throw Failure(Exit::kUsage,
                  "--weight-decay is {} but adam has none; leave it out, or use --optimizer sgd",
                  options.weight_decay);
  }
  for (const Parameter& parameter : parameters.all()) {
    counts_.push_back(parameter.value.size());
    values_.push_back(parameter.value.data());
    grads_.push_back(parameter.grad.data());
    moments_.push_back(parameter.moment.data());
    variances_.push_back(parameter.variance.data());
    adapted_.push_back(parameter.shape.size() > 1);  // not biases, nor what a norm has
  }
}

bool Optimiser::has_constant_rate() const {
  return options_.lr_schedule == "constant" && options_.warmup_epochs == 0;
}

void Optimiser::begin_epoch(int64_t epoch) {
  std::vector<float> rates(static_cast<size_t>(rates_.size()));
  for (int64_t i = 0; i < rates_.size(); ++i) {
    rates[static_cast<size_t>(i)] =
        static_cast<float>(learning_rate(options_, rates_.size(), epoch * rates_.size() + i));
  }
  rates_.upload(rates);
}

void Optimiser::step(const int64_t* steps_done) {
  const float* rate = nullptr;
  if (!has_constant_rate()) {
    // The table is one epoch's, and the gather counts on from its end at its beginning.
    context_.run(sslcuda_gather_rows, 1, sizeof(float), rates_.data(), rates_.size(), nullptr, 0,
                 steps_done, rate_.data());
    rate = rate_.data();
  }
  if (options_.optimizer == "sgd") {
    sgd(rate);
  } else if (options_.optimizer == "lars") {
    lars(rate);
  } else {
    adam(rate, steps_done);
  }
}

void Optimiser::adam(const float* rate, const int64_t* steps_done) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8;
  context_.run(sslcuda_adam_step, SSLCUDA_F32, static_cast<int64_t>(counts_.size()), counts_.data(),
               values_.data(), grads_.data(), moments_.data(), variances_.data(), options_.lr, rate,
               kBeta1, kBeta2, kEps, 0, steps_done);
}

void Optimiser::sgd(const float* rate) {
  context_.run(sslcuda_sgd_step, SSLCUDA_F32, static_cast<int64_t>(counts_.size()), counts_.data(),
               values_.data(), grads_.data(), options_.momentum > 0 ? moments_.data() : nullptr,
               options_.lr, rate, options_.momentum, options_.weight_decay, 0);
}

void Optimiser::lars(const float* rate) {
  context_.run(sslcuda_lars_step, SSLCUDA_F32, static_cast<int64_t>(counts_.size()), counts_.data(),
               values_.data(), grads_.data(), moments_.data(), adapted_.data(), options_.lr, rate,
               options_.momentum, options_.weight_decay, kLarsTrust);
}

}  // namespace host
