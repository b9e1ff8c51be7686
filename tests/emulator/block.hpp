// block.hpp - a block of threads, that meet at barriers and in warp operations. A thread that
// misuses one of these ends the launch with a report.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <vector>

#include "tests/emulator/scheduler.hpp"
#include "tests/emulator/shared_memory.hpp"
#include "tests/emulator/thread.hpp"

namespace emulator {

constexpr unsigned kMaxThreads = 1024;
constexpr std::string_view kInWarpOperation = "a warp operation";

class Group;

// Arguments of the lanes in mask, when all of them have met.
using WarpOperation = void (*)(void* const* arguments, unsigned mask);

class Block {
 public:
  Block(Group& group, const uint3& index, unsigned rank, SharedMemory& shared);

  void add(Thread& thread) { threads_.push_back(&thread); }
  Thread& thread(unsigned number) { return *threads_[number]; }
  unsigned size() const { return static_cast<unsigned>(threads_.size()); }
  unsigned live() const { return live_; }
  const uint3& index() const { return index_; }
  unsigned rank() const { return rank_; }  // in its cluster
  SharedMemory& shared() { return shared_; }
  std::vector<Warpgroup>& warpgroups() { return warpgroups_; }

  void start();

  // What the running thread does.
  void syncthreads(const Where& where);
  void barrier(unsigned id, unsigned threads, const Where& where);
  void barrier_arrive(unsigned id, unsigned threads, const Where& where);
  void warp_operation(unsigned mask, void* argument, WarpOperation operation, const Where& where);
  void* take_shared(size_t bytes, size_t alignment, const Where& where);
  void give_registers(unsigned count, const Where& where);
  void take_registers(unsigned count, const Where& where);
  void note_return();

  // Copies into its shared memory that are under way.
  unsigned copies_in_flight = 0;

 private:
  static constexpr unsigned kBarriers = 16;

  struct Barrier {
    unsigned expected = 0, arrived = 0;
    Where where;  // of the first
    std::vector<Thread*> waiting;
    race::Clock others;  // of those that do not wait
  };

  unsigned registers_of(const Thread& thread) const;
  Barrier& join_barrier(unsigned id, unsigned threads, const Where& where);
  void wait_at(Barrier& barrier, std::string_view name, const Where& where);
  void complete_if_full(Barrier& barrier);
  bool all_in_warp_operation(unsigned first, unsigned mask);
  void complete_warp_operation(unsigned first, unsigned mask, WarpOperation operation,
                               const Where& where);

  Group& group_;
  const uint3 index_;
  const unsigned rank_;
  SharedMemory& shared_;
  std::vector<Thread*> threads_;
  std::vector<Warpgroup> warpgroups_;
  std::array<Barrier, kBarriers> barriers_;
  unsigned live_ = 0;
  unsigned free_registers_ = 0;  // that threads have given back
  std::vector<Thread*> short_of_registers_;
  race::Clock exits_;
};

// Index of a thread in its block.
uint3 thread_index(unsigned number);

}  // namespace emulator
