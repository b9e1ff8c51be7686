// block.hpp - a block of threads: fibers that run one at a time, and meet at barriers and in warp
// operations. A thread that misuses one of these ends the block with a report.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "tests/emulator/fiber.hpp"
#include "tests/emulator/scheduler.hpp"
#include "tests/emulator/shared_memory.hpp"

namespace emulator {

constexpr unsigned kMaxThreads = 1024;

struct Thread {
  enum class State { kRunnable, kAtBarrier, kInWarpOperation, kReturned };

  Fiber fiber;
  State state;
  std::source_location where;  // it waits
  unsigned mask;               // of the warp operation
  int source;                  // lane it reads
  uint64_t value;              // it brings; what it takes away, once all have met
};

class Block {
 public:
  // Fibers and shared memory, kept from block to block.
  struct Resources {
    std::vector<std::unique_ptr<Thread>> threads;
    SharedMemory shared;
  };

  Block(Resources& resources, Random& random, Policy policy, const std::function<void()>& body);

  // Runs all threads to their end, unless there is a fault.
  void run();

  // What the running thread does.
  void barrier(const std::source_location& where);
  uint64_t exchange(unsigned mask, uint64_t value, int source, const std::source_location& where);
  void* shared_memory(size_t bytes, const std::source_location& where);
  int lane() const { return static_cast<int>(running_ % kWarp); }
  unsigned running() const { return running_; }

  // The block that runs, or null.
  static Block* current();

 private:
  static void run_thread();

  Thread& thread(unsigned number) { return *resources_.threads[number]; }
  Thread& self() { return thread(running_); }
  void make_runnable(unsigned number);
  unsigned first_of_warp() const { return running_ / kWarp * kWarp; }
  bool all_in_exchange(unsigned mask);
  void complete_exchange(unsigned mask, const std::source_location& where);
  void note_fault(const std::string& fault, const std::source_location& where);
  // Ends the running thread where it is; what lives on its stack is not destroyed.
  [[noreturn]] void stop();
  void report_deadlock();

  Resources& resources_;
  Scheduler scheduler_;
  const std::function<void()>& body_;
  const unsigned threads_;
  unsigned running_ = 0, at_barrier_ = 0, returned_ = 0;
  std::source_location barrier_where_;  // of the first thread that waits
  bool failed_ = false;
};

// Index of a thread in its block.
uint3 thread_index(unsigned number);

}  // namespace emulator
