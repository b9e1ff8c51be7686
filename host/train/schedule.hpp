// schedule.hpp - how a run is cut into epochs and steps.
#pragma once

#include <cstdint>

#include "host/model/program.hpp"
#include "host/train/options.hpp"

namespace host {

// An epoch is full batches and, unless it is too small for the program, the rest.
struct Schedule {
  // Fails with Exit::kUsage or Exit::kData if there is no batch that the program can take.
  Schedule(const TrainOptions& options, const Program& program, int64_t images);

  int64_t images_per_epoch() const { return images / batch * batch + rest; }

  int64_t images, batch, rest;
  int64_t steps_per_epoch, steps;  // steps: of the whole run
};

}  // namespace host
