#include "host/train/session.hpp"

#include <algorithm>

#include "host/abi/device.hpp"

namespace host {

Session::Session(const TrainOptions& options_, bool with_labels)
    : options(options_),
      data(load_dataset(options.data, with_labels)),
      context(context_options(options.device, options.threads)),
      train_images(context, data.train),
      test_images(context, data.test),
      batch(std::min(options.batch_size, data.train.count)),
      program(make_program(options.program, context,
                           {.h = data.train.h,
                            .w = data.train.w,
                            .images = data.train.count,
                            .batch = batch,
                            .temperature = options.temperature,
                            .seed = options.seed,
                            .augment = options.augment,
                            .norm = options.norm})) {
  data.train.pixels = {};
  data.test.pixels = {};
  if (options.verbose) context.log_to_stderr();
}

}  // namespace host
