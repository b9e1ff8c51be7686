// trainer.hpp - the loop over epochs and batches.
#pragma once

#include <chrono>
#include <vector>

#include "host/model/program.hpp"
#include "host/train/metrics.hpp"
#include "host/train/options.hpp"
#include "host/train/run_directory.hpp"
#include "host/train/stepper.hpp"

namespace host {

// What one epoch is cut into: full batches and, unless it is too small for the program, the rest.
struct Schedule {
  Schedule(const TrainOptions& options, const Program& program, int64_t images);

  int64_t images, batch, rest;
  int64_t steps_per_epoch, steps;  // steps: of the whole run
};

struct TrainingRecord {
  std::vector<float> losses;         // of every step
  std::vector<double> epoch_losses;  // their mean over each epoch, the last perhaps cut short
  int64_t images = 0;
  double seconds = 0;

  double images_per_second() const {
    return seconds > 0 ? static_cast<double>(images) / seconds : 0;
  }
};

class Trainer {
 public:
  // Opens metrics.jsonl in the directory.
  Trainer(const TrainOptions& options, const Schedule& schedule, Program& program, Stepper& stepper,
          const RunDirectory& directory, Progress& progress);

  // Trains until the last step or until interrupted(). Saves a checkpoint after each epoch and at
  // the end; a loss that is not finite is a Failure with Exit::kDiverged.
  TrainingRecord run();

 private:
  using Clock = std::chrono::steady_clock;

  void begin_epoch();
  void run_epoch();
  void step(int64_t n);
  void collect(bool epoch_done);
  bool stopping() const;

  const TrainOptions& options_;
  const Schedule& schedule_;
  Program& program_;
  Stepper& stepper_;
  const RunDirectory& directory_;
  Progress& progress_;
  MetricsFile metrics_;
  TrainingRecord record_;
  Clock::time_point start_;
  int64_t epoch_ = 0;  // from 1
  int64_t queued_steps_ = 0;
  size_t epoch_first_loss_ = 0;  // index into record_.losses
};

}  // namespace host
