// session.hpp - what a run works with: the data, the device, the images on it, the program.
#pragma once

#include <memory>

#include "host/abi/abi.hpp"
#include "host/data/dataset.hpp"
#include "host/data/device_images.hpp"
#include "host/model/program.hpp"
#include "host/train/options.hpp"

namespace host {

// Members are in the order in which they come to life.
struct Session {
  // The parameters are not initialised.
  Session(const TrainOptions& options, bool with_labels);

  TrainOptions options;
  Dataset data;  // its pixels move to the device
  Context context;
  DeviceImages train_images, test_images;
  int64_t batch;  // largest that the program takes
  std::unique_ptr<Program> program;
};

}  // namespace host
