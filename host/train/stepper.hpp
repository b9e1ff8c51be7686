// stepper.hpp - one training step: gather the batch, loss and gradients, optimiser, advance the
// cursor and the step counter. Queued once per batch size, captured in a graph and replayed. Losses
// stay on the device until they are asked for, so that no step waits for the one before.
#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "host/abi/abi.hpp"
#include "host/data/device_images.hpp"
#include "host/model/optimiser.hpp"
#include "host/model/program.hpp"
#include "host/train/schedule.hpp"

namespace host {

class Stepper {
 public:
  // `options` must outlive it.
  Stepper(Context& context, Program& program, const DeviceImages& images, const Schedule& schedule,
          const TrainOptions& options);

  // Starts the next epoch, at the first image of `order` [images].
  void begin_epoch(std::span<const int64_t> order);
  // Goes on after so many steps of the run: before begin_epoch of the epoch that they lead into,
  // which then skips to the image at which they ended.
  void restore(int64_t steps_done);
  void skip_to(int64_t position) { cursor_.upload({&position, 1}); }
  // Queues the step of the next n <= batch images. Takes the losses itself when there are many.
  void step(int64_t n);
  // Waits, and returns the losses of the steps since the last call.
  std::vector<float> take_losses();

 private:
  static constexpr int64_t kMaxPending = 1024;

  void queue(int64_t n);
  void replay(int64_t n);
  void fetch();

  Context& context_;
  Program& program_;
  const DeviceImages& images_;
  Optimiser optimiser_;
  int64_t batch_, steps_per_epoch_;
  bool graphs_;
  Buffer<float> x_;  // [batch, h * w]
  Buffer<int64_t> order_, cursor_, steps_done_;
  Buffer<float> losses_;  // [kMaxPending], of which the first pending_ are in use
  int64_t queued_ = 0;    // steps since the start of the run
  int64_t pending_ = 0;
  std::vector<float> fetched_;
  std::set<int64_t> sizes_;  // of the steps so far
  std::map<int64_t, Graph> graph_of_;
};

}  // namespace host
