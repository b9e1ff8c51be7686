// l2_normalize_tile.hpp - a block takes a row at a time.
#pragma once

#include <cstdint>

namespace sslcuda::cuda {

struct WideNormalizeTile {
  static constexpr int kThreads = 256;
};

struct NarrowNormalizeTile {
  static constexpr int kThreads = 32;
};

constexpr bool is_narrow_normalize(int64_t d) { return d <= 512; }

}  // namespace sslcuda::cuda
