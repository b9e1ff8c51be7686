#include "tests/emulator/block.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

#include "tests/emulator/race.hpp"
#include "tests/emulator/report.hpp"

namespace emulator {

namespace {

Block* current_block = nullptr;

std::string hex(unsigned mask) {
  char text[16];
  std::snprintf(text, sizeof text, "%#010x", mask);
  return text;
}

bool same_line(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && std::string(a.file_name()) == b.file_name();
}

std::string describe_wait(const Thread& thread) {
  switch (thread.state) {
    case Thread::State::kAtBarrier:
      return "wait in __syncthreads at " + describe(thread.where);
    case Thread::State::kInWarpOperation:
      return "wait in a warp operation with mask " + hex(thread.mask) + " at " +
             describe(thread.where);
    default:
      return "have returned";
  }
}

}  // namespace

uint3 thread_index(unsigned number) {
  const dim3& size = blockDim;
  return {number % size.x, number / size.x % size.y, number / (size.x * size.y)};
}

Block* Block::current() { return current_block; }

Block::Block(Resources& resources, Random& random, Policy policy, const std::function<void()>& body)
    : resources_(resources),
      scheduler_(random, policy, blockDim.x * blockDim.y * blockDim.z),
      body_(body),
      threads_(blockDim.x * blockDim.y * blockDim.z) {
  while (resources_.threads.size() < threads_) {
    resources_.threads.push_back(std::make_unique<Thread>());
  }
  for (unsigned number = 0; number < threads_; ++number) {
    thread(number).fiber.start(&Block::run_thread);
    make_runnable(number);
  }
}

void Block::run_thread() {
  Block& block = *current_block;
  block.body_();
  ++block.returned_;
  block.self().state = Thread::State::kReturned;
  block.self().fiber.suspend();
}

void Block::run() {
  current_block = this;
  while (!failed_) {
    const int next = scheduler_.next();
    if (next < 0) break;
    running_ = static_cast<unsigned>(next);
    threadIdx = thread_index(running_);
    self().fiber.resume();
  }
  current_block = nullptr;
  if (!failed_ && returned_ < threads_) report_deadlock();
  if (resources_.shared.is_overrun()) {
    report("block " + describe(blockIdx) + " wrote outside its shared memory of " +
           std::to_string(resources_.shared.bytes()) + " bytes");
  }
}

void Block::make_runnable(unsigned number) {
  thread(number).state = Thread::State::kRunnable;
  scheduler_.add(number);
}

void Block::barrier(const std::source_location& where) {
  if (at_barrier_ == 0) barrier_where_ = where;
  if (!same_line(where, barrier_where_)) {
    note_fault(
        "divergent barrier: other threads wait in __syncthreads at " + describe(barrier_where_),
        where);
    stop();
  }
  self().state = Thread::State::kAtBarrier;
  self().where = where;
  if (++at_barrier_ == threads_) {
    at_barrier_ = 0;
    race::at_barrier();
    for (unsigned number = 0; number < threads_; ++number) make_runnable(number);
  }
  self().fiber.suspend();
}

uint64_t Block::exchange(unsigned mask, uint64_t value, int source,
                         const std::source_location& where) {
  const unsigned lanes = std::min(kWarp, threads_ - first_of_warp());
  const unsigned present = ~0u >> (kWarp - lanes);
  if ((mask >> lane() & 1) == 0) {
    note_fault("mask " + hex(mask) + " lacks the calling lane", where);
    stop();
  }
  if ((mask & ~present) != 0) {
    note_fault("mask " + hex(mask) + " names lanes that the block does not have", where);
    stop();
  }
  if (source < 0 || source >= static_cast<int>(kWarp) || (mask >> source & 1) == 0) {
    note_fault("reads lane " + std::to_string(source) + ", which mask " + hex(mask) + " lacks",
               where);
    stop();
  }
  Thread& thread = self();
  thread.state = Thread::State::kInWarpOperation;
  thread.where = where;
  thread.mask = mask;
  thread.source = source;
  thread.value = value;
  if (all_in_exchange(mask)) complete_exchange(mask, where);
  thread.fiber.suspend();
  return thread.value;
}

bool Block::all_in_exchange(unsigned mask) {
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const Thread& other = thread(first_of_warp() + lane);
    if (other.state != Thread::State::kInWarpOperation || other.mask != mask) return false;
  }
  return true;
}

void Block::complete_exchange(unsigned mask, const std::source_location& where) {
  const unsigned first = first_of_warp();
  uint64_t brought[kWarp] = {};
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const Thread& other = thread(first + lane);
    if (!same_line(other.where, where)) {
      note_fault("divergent warp operation: lane " + std::to_string(lane) + " is at " +
                     describe(other.where),
                 where);
      stop();
    }
    brought[lane] = other.value;
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    thread(first + lane).value = brought[thread(first + lane).source];
    make_runnable(first + lane);
  }
}

void* Block::shared_memory(size_t bytes, const std::source_location& where) {
  if (bytes > resources_.shared.bytes()) {
    note_fault("uses " + std::to_string(bytes) + " bytes of shared memory, launched with " +
                   std::to_string(resources_.shared.bytes()),
               where);
    stop();
  }
  return resources_.shared.data();
}

void Block::note_fault(const std::string& fault, const std::source_location& where) {
  report(describe(where) + ": " + fault + "; block " + describe(blockIdx) + " thread " +
         describe(threadIdx));
  failed_ = true;
}

void Block::stop() {
  self().fiber.suspend();
  __builtin_unreachable();
}

void Block::report_deadlock() {
  std::map<std::string, std::vector<unsigned>> waiting;
  for (unsigned number = 0; number < threads_; ++number) {
    waiting[describe_wait(thread(number))].push_back(number);
  }
  std::string text = "deadlock in block " + describe(blockIdx);
  for (const auto& [wait, numbers] : waiting) {
    text += "; " + std::to_string(numbers.size()) + " threads from " +
            describe(thread_index(numbers.front())) + " to " +
            describe(thread_index(numbers.back())) + " " + wait;
  }
  report(text);
}

}  // namespace emulator
