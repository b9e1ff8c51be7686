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
    draw(batch.n, batch.x, count, 0, batch.steps_done, y);
  }
  // The same of images x [n, h * w] outside of training, where sequence takes the step's place.
  void draw(int64_t n, const float* x, int64_t count, uint64_t sequence, float* y) const {
    draw(n, x, count, sequence, nullptr, y);
  }

 private:
  void draw(int64_t n, const float* x, int64_t count, uint64_t sequence, const int64_t* steps_done,
            float* y) const {
    context_.run(sslcuda_augment, SSLCUDA_F32, n, 1, h_, w_, x, count, &augmentation_, seed_,
                 sequence, steps_done, y);
  }

  Context& context_;
  int64_t h_, w_;
  uint64_t seed_;
  sslcuda_augmentation augmentation_;
};

}  // namespace host
