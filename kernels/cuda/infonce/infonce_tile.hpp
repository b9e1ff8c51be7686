// infonce_tile.hpp - how many rows of scores are worked on at a time, and by how many threads.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sslcuda::cuda {

// Threads that share a row of scores.
struct WideInfoNceTile {
  static constexpr int kThreads = 256;
};

struct NarrowInfoNceTile {
  static constexpr int kThreads = 64;
};

constexpr bool is_narrow_infonce(int64_t n) { return n <= 512; }

// Rows of a wave: scores of up to 16 MiB, so that they stay in the L2 cache between the product
// that makes them and those that use them; but never so few that the products become thin.
inline int64_t infonce_wave_rows(int64_t n) {
  constexpr int64_t kScores = int64_t{4} << 20, kMinRows = 64;
  return std::min(n, std::max(kScores / n, kMinRows));
}

}  // namespace sslcuda::cuda
