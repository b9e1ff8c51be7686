// bulk.hpp - what the copies of copy.cpp and tensor_copy.cpp share.
#pragma once

#include <functional>
#include <vector>

#include "tests/emulator/copy.hpp"
#include "tests/emulator/group.hpp"

namespace emulator {

// An agent for the running thread.
race::Agent start_agent(race::Proxy proxy);

void run_once(AsyncCopy& copy);

// Where a load goes: the part of a block, and the mbarrier there.
struct Target {
  Block* block;
  unsigned char* memory;
  uint64_t* mbarrier;
};

std::vector<Target> targets_of(uint32_t to, size_t bytes, size_t alignment,
                               const Delivery& delivery, const Where& where);

// The bytes are there.
void deliver(const Target& target, uint32_t bytes, const race::Agent& agent, const Where& where);

// A copy out of shared memory, which joins the running thread's bulk group.
using Store = std::function<void(const race::Agent& reads, const race::Agent& writes)>;
void start_store(Store store, const Where& where);

// to += from, one element.
void add_element(TensorType type, unsigned char* to, const unsigned char* from);

}  // namespace emulator
