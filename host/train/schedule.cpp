#include "host/train/schedule.hpp"

#include <algorithm>

#include "host/failure.hpp"

namespace host {

Schedule::Schedule(const TrainOptions& options, const Program& program, int64_t image_count)
    : images(image_count), batch(std::min(options.batch_size, image_count)), rest(images % batch) {
  if (batch < program.smallest_batch()) {
    throw Failure(images < program.smallest_batch() ? Exit::kData : Exit::kUsage,
                  "a batch of {} is too small: the {} program needs at least {} images in each; "
                  "use a larger --batch-size and more images",
                  batch, options.program, program.smallest_batch());
  }
  if (rest < program.smallest_batch()) rest = 0;
  steps_per_epoch = images / batch + (rest > 0 ? 1 : 0);
  steps = options.epochs * steps_per_epoch;
  if (options.steps > 0) steps = std::min(steps, options.steps);
}

}  // namespace host
