// stepper.hpp - one training step: gather the batch, loss and gradients, Adam, advance the cursor
// and the step counter. Queued once per batch size, captured in a graph and replayed. Losses stay
// on the device until they are asked for, so that no step waits for the one before.
#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "host/abi/abi.hpp"
#include "host/data/device_images.hpp"
#include "host/model/program.hpp"

namespace host {

class Stepper {
 public:
  Stepper(Context& context, Program& program, const DeviceImages& images, int64_t batch, double lr,
          bool graphs);

  // Starts over at the first image of `order` [images].
  void begin_epoch(std::span<const int64_t> order);
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
  double lr_;
  bool graphs_;
  Buffer<float> x_;  // [batch, h * w]
  Buffer<int64_t> order_, cursor_, steps_done_;
  Buffer<float> losses_;  // [kMaxPending], of which the first pending_ are in use
  int64_t pending_ = 0;
  std::vector<float> fetched_;
  std::set<int64_t> sizes_;  // of the steps so far
  std::map<int64_t, Graph> graph_of_;
};

}  // namespace host
