// open_run.hpp - a run that has been trained, made ready for the commands that work on one.
#pragma once

#include <string>

#include "host/train/run_directory.hpp"
#include "host/train/session.hpp"

namespace host {

// Which run, and what is to differ from its config.json: an empty string or 0 leaves it as it was.
struct RunChoice {
  std::string run;                  // its directory
  std::string checkpoint = "last";  // or best, epoch-N, or a file's path
  std::string data;
  std::string device;
  int64_t threads = 0;
  int64_t batch = 0;
  bool labels = true;
  bool verbose = false;
};

// Holds options, data, context, train_images, test_images, batch and program (see Session), the
// program with the parameters of the checkpoint. Nothing is written, and no lock taken: a run may
// be looked at while it trains.
struct OpenRun : Session {
  // Fails with Exit::kUsage or Exit::kData.
  explicit OpenRun(const RunChoice& choice);

  RunDirectory directory;
  std::filesystem::path checkpoint;
};

// The file that a name of RunChoice::checkpoint means. It need not exist.
std::filesystem::path checkpoint_path(const std::filesystem::path& run, const std::string& name);

}  // namespace host
