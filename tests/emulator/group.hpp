// group.hpp - the blocks that run together: a cluster, or all blocks of a cooperative launch. Their
// threads run one at a time; which is next, and when asynchronous work is done, is chance.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/emulator/block.hpp"
#include "tests/emulator/mbarrier.hpp"
#include "tests/emulator/phase_barrier.hpp"
#include "tests/emulator/scheduler.hpp"

namespace emulator {

struct Launch;

class Group {
 public:
  // Stacks and shared memory, kept from group to group.
  struct Resources {
    std::vector<std::unique_ptr<Thread>> threads;
    std::vector<std::unique_ptr<SharedMemory>> shared;
  };

  // Blocks by their index; those of a cluster follow each other.
  Group(Resources& resources, Random& random, Policy policy, const Launch& launch,
        const std::vector<uint3>& blocks);

  // Runs all threads to their end, unless there is a fault.
  void run();

  // The group that runs, or null.
  static Group* current();

  // The thread that runs; none does while asynchronous work is done.
  Thread* running() const { return running_; }
  Thread& self() const { return *running_; }
  Block& block() const { return *running_->block; }
  Block& peer(unsigned rank, const Where& where);  // in the cluster of the running thread
  unsigned cluster_size() const { return cluster_size_; }
  const Thread& thread_at(unsigned slot) const { return *threads_[slot]; }

  // The running thread will wait, and does until somebody wakes it, which may be before it
  // suspends.
  void begin_wait(std::string_view in, const Where& where);
  void suspend();
  void wake(Thread& thread);
  void wake_all(std::vector<Thread*>& threads);  // and empties the list

  // Lets others go first; the latter by chance.
  void yield(const Where& where);
  void maybe_yield(const Where& where);

  // Work that is done at a random time from now on, without a running thread.
  void later(std::function<void()> work) { work_.push_back(std::move(work)); }
  // Does work issued early, by chance.
  bool is_eager();

  void cluster_arrive(const Where& where);
  void cluster_wait(const Where& where);
  void grid_sync(const Where& where);

  Mbarriers& mbarriers() { return mbarriers_; }
  Random& random() { return random_; }

  // A fault of the running thread. The stacks of all threads are unwound.
  [[noreturn]] void fail(const std::string& fault, const Where& where);
  // A fault; the group ends before another thread runs.
  void note_fault(const std::string& fault);

 private:
  struct Cluster {
    std::vector<Block*> blocks;
    PhaseBarrier barrier;

    unsigned live() const;
  };

  static void run_thread();

  Cluster& cluster_of(const Block& block);
  void add_block(const uint3& index, unsigned rank);
  void resume(Thread& thread);
  void note_return();
  void unwind();
  void do_some_work();
  void report_deadlock();

  Resources& resources_;
  Random& random_;
  const Launch& launch_;
  const unsigned cluster_size_, block_threads_, slots_per_block_, slots_;
  const unsigned eagerness_;  // percent
  Scheduler scheduler_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Cluster> clusters_;
  PhaseBarrier grid_;
  Mbarriers mbarriers_;
  std::vector<Thread*> threads_;  // by slot
  std::vector<std::function<void()>> work_;
  Thread* running_ = nullptr;
  unsigned live_ = 0;
  bool failed_ = false, is_unwinding_ = false;
};

}  // namespace emulator
