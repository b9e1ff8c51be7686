// thread.hpp - a thread of a kernel: its stack, what it waits for, and the asynchronous work that
// it has started.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <vector>

#include "tests/emulator/async_groups.hpp"
#include "tests/emulator/fiber.hpp"
#include "tests/emulator/wgmma.hpp"

namespace emulator {

using Where = std::source_location;

class Block;

// Of one launch; a thread begins with a fresh one.
struct ThreadState {
  Block* block = nullptr;
  unsigned number = 0;  // in the block
  unsigned slot =
      0;  // among the blocks that run together; that of a warp starts at a multiple of 32
  bool has_started = false, has_returned = false;
  bool is_over = false;  // returned, or unwound after a fault

  std::string_view waits_in;  // empty: it can run
  Where where;                // it waits, or has waited last
  unsigned mask = 0;          // of the warp operation it waits in
  unsigned registers = 0;     // that it may use; 0: as many as at the start
  void* argument = nullptr;

  std::optional<uint64_t> cluster_phase;  // in which it has arrived at the cluster's barrier
  AsyncGroups copies, bulk;               // cp.async, and bulk copies out of shared memory
  WgmmaThread wgmma;
};

struct Thread : ThreadState {
  Fiber fiber;
};

}  // namespace emulator
