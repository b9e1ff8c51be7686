#include "host/train/stepper.hpp"

#include <utility>

namespace host {

Stepper::Stepper(Context& context, Program& program, const DeviceImages& images, int64_t batch,
                 double lr, bool graphs)
    : context_(context),
      program_(program),
      images_(images),
      lr_(lr),
      graphs_(graphs),
      x_(context, batch * images.width()),
      order_(context, images.count()),
      cursor_(context, 1),
      steps_done_(context, 1),
      losses_(context, kMaxPending) {
  steps_done_.zero();
  const int64_t ragged = images.count() % batch;
  context_.reserve_for([&] {
    queue(batch);
    if (ragged >= program_.smallest_batch()) queue(ragged);
  });
}

void Stepper::begin_epoch(std::span<const int64_t> order) {
  order_.upload(order);
  cursor_.zero();
}

void Stepper::queue(int64_t n) {
  images_.gather(n, order_, cursor_, program_.pixel_scale(), x_.data());
  program_.gradients(n, x_.data(), cursor_.data());
  program_.parameters().adam_step(lr_, steps_done_.data());
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
