// views.hpp - random views of a batch, drawn anew in each step.
#pragma once

#include "host/model/program.hpp"

namespace host {

class Views {
 public:
  Views(Context& context, const ProgramConfig& config, const sslcuda_augmentation& augmentation)
      : context_(context),
        h_(config.h),
        w_(config.w),
        seed_(config.seed),
        augmentation_(augmentation) {}

  // Queues y [count, n, h * w]: so many views of each image of the batch.
  void draw(const Batch& batch, int64_t count, float* y) const {
    context_.run(sslcuda_augment, SSLCUDA_F32, batch.n, 1, h_, w_, batch.x, count, &augmentation_,
                 seed_, 0, batch.steps_done, y);
  }

 private:
  Context& context_;
  int64_t h_, w_;
  uint64_t seed_;
  sslcuda_augmentation augmentation_;
};

}  // namespace host
