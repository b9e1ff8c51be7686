// race.hpp - accesses to shared and device memory that nothing orders, one of them a write. In the
// race build the kernels are compiled with -fsanitize=thread, and the call-backs that this plants
// at every load and store end in race.cpp, in place of the compiler's own run-time library. The
// other builds have no_race.cpp and watch nothing.
//
// Every thread, and every agent that works for one (an asynchronous copy, the tensor cores), counts
// its own time. Whoever waits for another learns, as a Clock, what that one knew to have happened.
// An access is in order if the last accesses to the same bytes are in the clock of who makes it.
// Nothing orders the blocks of a launch that do not run together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <vector>

namespace emulator {

struct Thread;
class SharedMemory;

namespace race {

// Of every thread and agent, up to which time. Copies share the numbers until one of them changes.
class Times {
 public:
  uint32_t of(unsigned agent) const {
    return times_ && agent < times_->size() ? (*times_)[agent] : 0;
  }
  void set(unsigned agent, uint32_t time);
  void join(const Times& other);
  bool shares_with(const Times& other) const { return times_ == other.times_; }

 private:
  std::shared_ptr<std::vector<uint32_t>> times_;
};

// What is known to have happened.
struct Clock {
  Times seen;
  Times fenced;  // of that, what a proxy fence has passed on

  void join(const Clock& other);
};

// Who does the work. Bulk and tensor copies and wgmma reach memory through the asynchronous proxy,
// to which ordinary writes are known only after a fence.
enum class Proxy { kGeneric, kAsync };

struct Agent {
  uint16_t id = 0;
  uint32_t time = 0;
  Proxy proxy = Proxy::kGeneric;
  Clock issued;
};

// Device memory that was allocated, or is about to be released. Any host thread may call this, also
// while another one runs a kernel.
void forget(const void* memory, size_t bytes);

void begin_launch();

// Blocks that run together: how many threads, and the shared memory of each block.
void begin_group(unsigned threads, std::span<const SharedMemory* const> shared);

// What the running thread knows, itself included. What it does from now on is later.
Clock release();

// The running thread learns something, or that work is done.
void acquire(const Clock& clock);
void acquire(const Agent& agent);

// The threads learn all that any of them knows, and `others` too.
void meet(std::span<Thread* const> threads, const Clock& others);

// The running thread passes on what it knows to the asynchronous proxy.
void fence_proxy();

// Work that a thread, or several, have started.
Agent start_agent(Proxy proxy, const Clock& issued);

// What somebody learns who learns that the work is done.
void add(Clock& clock, const Agent& agent);

// Accesses by the running thread and by an agent, in instructions that are not plain loads and
// stores.
void access(const void* memory, size_t bytes, bool is_write, const std::source_location& where);
void access(const Agent& agent, const void* memory, size_t bytes, bool is_write,
            const std::source_location& where);

// The running thread uses an object that synchronises, and has to know that it was initialised.
void use(const void* object, const std::source_location& where);

}  // namespace race
}  // namespace emulator
