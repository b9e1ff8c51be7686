#include "host/train/stepper.hpp"

#include <utility>

namespace host {

Stepper::Stepper(Context& context, Program& program, const DeviceImages& images,
                 const Schedule& schedule, const TrainOptions& options)
    : context_(context),
      program_(program),
      images_(images),
      optimiser_(context, program.parameters(), options, schedule.steps_per_epoch),
      batch_(schedule.batch),
      steps_per_epoch_(schedule.steps_per_epoch),
      graphs_(options.graph),
      x_(context, schedule.batch * images.width()),
      order_(context, images.count()),
      cursor_(context, 1),
      steps_done_(context, 1),
      losses_(context, kMaxPending) {
  steps_done_.zero();
  context_.reserve_for([&] {
    queue(schedule.batch);
    if (schedule.rest > 0) queue(schedule.rest);
  });
}

void Stepper::begin_epoch(std::span<const int64_t> order) {
  order_.upload(order);
  // All batches of an epoch but its last are full.
  const int64_t position = queued_ % steps_per_epoch_ * batch_;
  cursor_.upload({&position, 1});
  optimiser_.begin_epoch(queued_ / steps_per_epoch_);
}

void Stepper::restore(int64_t steps_done) {
  steps_done_.upload({&steps_done, 1});
  queued_ = steps_done;
}

void Stepper::queue(int64_t n) {
  images_.gather(n, order_, cursor_, program_.pixel_scale(), x_.data());
  program_.gradients({n, x_.data(), cursor_.data(), steps_done_.data()});
  optimiser_.step(steps_done_.data());
  context_.run(sslcuda_counter_add, cursor_.data(), n);
  context_.run(sslcuda_counter_add, steps_done_.data(), 1);
}

void Stepper::replay(int64_t n) {
  auto graph = graph_of_.find(n);
  if (graph == graph_of_.end()) {
    graph = graph_of_.emplace(n, Graph(context_, [&] { queue(n); })).first;
  }
  graph->second.launch();
}

void Stepper::step(int64_t n) {
  if (pending_ == kMaxPending) fetch();
  // The first step of a size runs directly: it may load kernels, which a capture need not allow.
  if (graphs_ && !sizes_.insert(n).second) {
    replay(n);
  } else {
    queue(n);
  }
  context_.run(sslcuda_copy, losses_.data() + pending_, program_.loss(), sizeof(float),
               SSLCUDA_DEVICE_TO_DEVICE);
  ++pending_;
  ++queued_;
}

void Stepper::fetch() {
  const size_t before = fetched_.size();
  fetched_.resize(before + static_cast<size_t>(pending_));
  losses_.download(std::span(fetched_).subspan(before));
  pending_ = 0;
}

std::vector<float> Stepper::take_losses() {
  fetch();
  return std::exchange(fetched_, {});
}

}  // namespace host
