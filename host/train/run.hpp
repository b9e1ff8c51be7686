// run.hpp - a whole training run, from options to files.
#pragma once

#include "host/failure.hpp"
#include "host/train/options.hpp"

namespace host {

// Results go to standard output, progress to standard error. Throws Failure or StatusError; files
// are written only once options and data have proved good.
Exit run_training(const TrainOptions& options);

}  // namespace host
