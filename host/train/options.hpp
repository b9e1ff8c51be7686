// options.hpp - all that the command line can say about a training run; the defaults are the
// command's.
#pragma once

#include <cstdint>
#include <string>

#include "host/report/progress.hpp"

namespace host {

struct TrainOptions {
  std::string program;  // contrastive, rotation or autoencoder
  std::string data;     // empty: $SSLCUDA_DATA or the system's Fashion-MNIST
  std::string out;
  std::string init;  // safetensors file with the initial parameters; empty: random
  std::string device = "auto";
  int64_t epochs = 5;
  int64_t batch_size = 64;
  int64_t steps = 0;  // 0: all epochs
  int64_t log_every = 1;
  int64_t threads = 0;  // 0: as many as the process may use
  uint64_t seed = 0;
  double lr = 1e-3;
  double temperature = 0.1;
  bool shuffle = true;
  bool graph = true;
  bool evaluate = true;
  bool overwrite = false;
  bool quiet = false;
  bool verbose = false;
  ProgressMode progress = ProgressMode::kAuto;
};

}  // namespace host
