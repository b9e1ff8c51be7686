// cross_entropy_tile.hpp - threads that share a row of logits, and the blocks that shall
// fit a multiprocessor at a time, which limits the registers.
#pragma once

#include <cstdint>

namespace sslcuda::cuda {

struct WideCrossEntropyTile {
  static constexpr int kThreads = 256, kBlocksPerSm = 6;
};

struct NarrowCrossEntropyTile {
  static constexpr int kThreads = 32, kBlocksPerSm = 32;
};

constexpr bool is_narrow_cross_entropy(int64_t v) { return v <= 512; }

struct CountValidTile {
  static constexpr int kThreads = 1024;
};

}  // namespace sslcuda::cuda
