#include "tests/emulator/scheduler.hpp"

namespace emulator {

namespace {

constexpr unsigned kPriorities = 1u << 20;

}  // namespace

Scheduler::Scheduler(Random& random, Policy policy, unsigned warps)
    : random_(random), policy_(policy), ready_(warps) {
  for (unsigned warp = 0; warp < warps; ++warp) priority_.push_back(random_.below(kPriorities));
}

void Scheduler::add(unsigned thread) {
  ready_[thread / kWarp].push_back(thread);
  ++count_;
}

int Scheduler::next() {
  if (count_ == 0) return -1;
  --count_;
  std::vector<unsigned>& threads = ready_[choose_warp()];
  const unsigned i = random_.below(static_cast<uint32_t>(threads.size()));
  const unsigned thread = threads[i];
  threads[i] = threads.back();
  threads.pop_back();
  return static_cast<int>(thread);
}

unsigned Scheduler::choose_warp() {
  const auto warps = static_cast<unsigned>(ready_.size());
  unsigned warp = 0;
  switch (policy_) {
    case Policy::kRandom:
      for (warp = random_.below(warps); ready_[warp].empty();) warp = (warp + 1) % warps;
      break;
    case Policy::kPriority:
      warp = highest_priority();
      break;
    case Policy::kForward:
      while (ready_[warp].empty()) ++warp;
      break;
    case Policy::kBackward:
      for (warp = warps - 1; ready_[warp].empty();) --warp;
      break;
  }
  return warp;
}

unsigned Scheduler::highest_priority() {
  constexpr unsigned kMeanRun = 64;
  unsigned best = static_cast<unsigned>(ready_.size());
  for (unsigned warp = 0; warp < ready_.size(); ++warp) {
    if (ready_[warp].empty()) continue;
    if (best == ready_.size() || priority_[warp] > priority_[best]) best = warp;
  }
  if (random_.below(kMeanRun) == 0) priority_[best] = random_.below(kPriorities);
  return best;
}

}  // namespace emulator
