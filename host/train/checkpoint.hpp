// checkpoint.hpp - all that a run needs to go on as if it had never stopped, in one safetensors
// file: weights and buffers under their own names, the optimiser's state under "optimizer.", and in
// the metadata one JSON text with everything else. What is drawn at random depends on the seed, the
// epoch and the step alone, so no generator's state is stored.
#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/model/parameters.hpp"
#include "host/train/json.hpp"
#include "host/train/run_directory.hpp"

namespace host {

// Where a run stands between two steps.
struct TrainingState {
  int64_t step = 0;                                            // done, in all epochs
  int64_t epoch = 0;                                           // of the last step, from 1
  int64_t position = 0;                                        // images of that epoch that are done
  int64_t epoch_steps = 0;                                     // steps of that epoch that are done,
  double epoch_loss_sum = 0;                                   // and the sum of their losses
  double best_loss = std::numeric_limits<double>::infinity();  // lowest mean of an epoch,
  int64_t best_epoch = 0;                                      // and which that was; 0: none yet
};

struct Checkpoint {
  std::vector<Tensor> tensors;
  TrainingState state;
  Json config;  // of results_config_json()
};

std::string format_checkpoint(const Checkpoint& checkpoint);

// Fails with Exit::kData, naming the file, as all that reads does.
Checkpoint parse_checkpoint(const std::string& name, std::span<const uint8_t> file);
Checkpoint read_checkpoint(const std::filesystem::path& path);

struct FoundCheckpoint {
  Checkpoint checkpoint;
  std::filesystem::path path;
  std::vector<std::string> skipped;  // why newer ones were not taken
};

// The one from which a run goes on: `last` or, should that be damaged, the newest that is not.
// Nothing if the run has saved none yet; if all are damaged, fails with Exit::kData.
std::optional<FoundCheckpoint> newest_checkpoint(const RunDirectory& directory);

// Weights and buffers alone, of a checkpoint or any other safetensors file.
std::vector<Tensor> read_weights(const std::filesystem::path& path);

}  // namespace host
