// l2_normalize_tile.hpp - a block takes a row at a time.
#pragma once

namespace sslcuda::cuda {

struct WideNormalizeTile {
  static constexpr int kThreads = 256;
};

struct NarrowNormalizeTile {
  static constexpr int kThreads = 32;
};

constexpr bool is_narrow_normalize(long long d) { return d <= 512; }

}  // namespace sslcuda::cuda
