// optimiser.hpp - the step that changes the parameters, and its learning rate over the run.
#pragma once

#include <vector>

#include "host/abi/abi.hpp"
#include "host/model/parameters.hpp"
#include "host/train/options.hpp"

namespace host {

// Of the step with that number, from 0. It rises over the first warmup_epochs, reaches lr at their
// end, and stays there or falls to 0 along half a cosine. It spans all epochs: --steps stops a run
// early and changes no step before.
double learning_rate(const TrainOptions& options, int64_t steps_per_epoch, int64_t step);

class Optimiser {
 public:
  // With PyTorch's defaults for what the options do not say. `options` must outlive it.
  Optimiser(Context& context, const Parameters& parameters, const TrainOptions& options,
            int64_t steps_per_epoch);

  // Before the first step of an epoch, counted from 0: its learning rates go to the device.
  void begin_epoch(int64_t epoch);
  // Queues a step; *steps_done counts those before it.
  void step(const int64_t* steps_done);

 private:
  bool has_constant_rate() const;
  void adam(const float* rate, const int64_t* steps_done);
  void sgd(const float* rate);
  void lars(const float* rate);

  Context& context_;
  const TrainOptions& options_;
  Buffer<float> rates_;  // [steps per epoch]
  Buffer<float> rate_;   // the step's
  // Of each parameter.
  std::vector<int64_t> counts_;
  std::vector<void*> values_, moments_, variances_;
  std::vector<const void*> grads_;
  std::vector<int32_t> adapted_;
};

}  // namespace host
