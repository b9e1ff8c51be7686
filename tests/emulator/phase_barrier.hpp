// phase_barrier.hpp - a barrier of all threads that have not returned, of a cluster or of a grid.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/emulator/race.hpp"
#include "tests/emulator/thread.hpp"

namespace emulator {

class PhaseBarrier {
 public:
  // The running thread arrives, and knows afterwards in which phase.
  uint64_t arrive() {
    arrivals_.join(race::release());
    ++arrived_;
    return phase_;
  }

  // All `live` threads have: a new phase begins. The threads to wake are returned.
  std::vector<Thread*> complete_if_full(unsigned live) {
    if (arrived_ == 0 || arrived_ < live) return {};
    arrived_ = 0;
    ++phase_;
    completed_ = arrivals_;
    return std::exchange(waiting_, {});
  }

  bool is_over(uint64_t phase) const { return phase != phase_; }
  void wait(Thread& thread) { waiting_.push_back(&thread); }
  const race::Clock& completed() const { return completed_; }

 private:
  unsigned arrived_ = 0;
  uint64_t phase_ = 0;
  std::vector<Thread*> waiting_;
  race::Clock arrivals_, completed_;
};

}  // namespace emulator
