// scheduler.hpp - which of the threads that can run is next.
#pragma once

#include <vector>

#include "tests/emulator/options.hpp"

namespace emulator {

constexpr unsigned kWarp = 32;

class Scheduler {
 public:
  Scheduler(Random& random, Policy policy, unsigned warps);

  // The thread can run. Threads are numbered through all warps.
  void add(unsigned thread);

  // Takes a thread that can run, by number; -1: there is none. The policy chooses the warp, chance
  // the thread in it.
  int next();

  bool is_empty() const { return count_ == 0; }

 private:
  unsigned choose_warp();
  unsigned highest_priority();

  Random& random_;
  const Policy policy_;
  std::vector<unsigned> priority_;            // of each warp
  std::vector<std::vector<unsigned>> ready_;  // threads of each warp
  unsigned count_ = 0;
};

}  // namespace emulator
