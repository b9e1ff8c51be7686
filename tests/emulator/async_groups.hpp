// async_groups.hpp - the asynchronous copies of one thread, in the groups that it commits: what
// commit_group and wait_group of cp.async and cp.async.bulk work on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>
#include <vector>

#include "tests/emulator/race.hpp"

namespace emulator {

struct Thread;

struct AsyncCopy {
  std::function<void()> run;
  std::source_location where;
  race::Agent reads, writes;
  bool is_done = false;
  bool is_source_free = false;  // its thread has waited for the reads
  Thread* waiting = nullptr;
  uint64_t group = 0;
};

class AsyncGroups {
 public:
  AsyncCopy& add(std::unique_ptr<AsyncCopy> copy) {
    copy->group = group_;
    copies_.push_back(std::move(copy));
    return *copies_.back();
  }

  void commit() { ++group_; }

  // Calls use(copy) for all but the `pending` latest groups.
  template <class Use>
  void each_but(unsigned pending, const Use& use) {
    for (const auto& copy : copies_) {
      if (copy->group + pending < group_) use(*copy);
    }
  }

  void drop_but(unsigned pending) {
    std::erase_if(copies_, [&](const auto& copy) { return copy->group + pending < group_; });
  }

  // One that still needs what it copies from, as far as the thread knows, or null.
  const AsyncCopy* unfinished() const {
    const auto found = std::find_if(copies_.begin(), copies_.end(),
                                    [](const auto& copy) { return !copy->is_source_free; });
    return found == copies_.end() ? nullptr : found->get();
  }

 private:
  uint64_t group_ = 0;  // that copies join now
  std::vector<std::unique_ptr<AsyncCopy>> copies_;
};

}  // namespace emulator
