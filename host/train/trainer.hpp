// trainer.hpp - the loop over epochs and batches, and what it leaves behind on the way: metrics,
// progress, checkpoints.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "host/model/program.hpp"
#include "host/report/progress.hpp"
#include "host/report/tensorboard.hpp"
#include "host/train/checkpoint.hpp"
#include "host/train/metrics.hpp"
#include "host/train/options.hpp"
#include "host/train/run_directory.hpp"
#include "host/train/schedule.hpp"
#include "host/train/stepper.hpp"

namespace host {

struct TrainingRecord {
  TrainingState state;               // at the end
  std::vector<double> epoch_losses;  // of the whole run, that of the last epoch perhaps cut short
  int64_t first_step = 0;            // steps that were done before this process took over,
  int64_t images = 0;                // and what it did itself
  double seconds = 0;
  std::string divergence;  // why training ended early; empty: it did not

  double images_per_second() const {
    return seconds > 0 ? static_cast<double>(images) / seconds : 0;
  }
};

class Trainer {
 public:
  struct Outputs {
    const RunDirectory& directory;
    MetricsFile& metrics;
    TensorBoardFile* events;  // may be null
    Progress& progress;
  };

  // `knn` gives the accuracy that --eval-every asks for.
  Trainer(const TrainOptions& options, const Schedule& schedule, Program& program, Stepper& stepper,
          const Outputs& outputs, std::function<double()> knn);

  // Goes on from there; the program's state is the checkpoint's already. epoch_losses: of the
  // epochs that are complete.
  void resume(const TrainingState& state, std::vector<double> epoch_losses);

  // Trains until the last step, until interrupted(), or until a loss or a parameter is not finite:
  // then the checkpoints and the metrics are those from before.
  TrainingRecord run();

 private:
  using Clock = std::chrono::steady_clock;

  void train();
  void begin_epoch();
  void run_epoch();
  void step(int64_t n);
  void collect();
  void take(float loss);
  void finish_epoch();
  void evaluate();
  double mean_loss() const {
    return state_.epoch_loss_sum / static_cast<double>(state_.epoch_steps);
  }
  void show(double loss, bool epoch_done);
  bool epoch_is_complete() const;
  bool save_is_due() const;
  void save(std::vector<std::string> names);
  void prune() const;
  bool stopping() const;

  const TrainOptions& options_;
  const Schedule& schedule_;
  Program& program_;
  Stepper& stepper_;
  Outputs outputs_;
  std::function<double()> knn_;
  TrainingState state_;  // its position is that of the queued steps, the rest of the collected ones
  TrainingRecord record_;
  int64_t queued_steps_ = 0;
  int64_t saved_step_ = -1;
  float last_loss_ = 0;
  Clock::time_point start_;  // of training, moved on by what was no training
  Clock::time_point saved_;
};

}  // namespace host
