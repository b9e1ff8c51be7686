// gemm_tile.hpp - compile-time choices of the matrix product, and which one a shape gets.
#pragma once

#include <algorithm>

#include "kernels/math.hpp"

namespace sslcuda::cuda {

// A block computes kRows x kColumns of c, a thread kThreadRows x kThreadColumns of these, in steps
// of kDepth summed elements. kBlocksPerSm limits the registers, so that blocks hide each other's
// waits.
struct LargeGemmTile {
  static constexpr int kRows = 128, kColumns = 128, kDepth = 16;
  static constexpr int kThreadRows = 8, kThreadColumns = 8;
  static constexpr int kThreads = 256, kBlocksPerSm = 2;
};

struct SmallGemmTile {
  static constexpr int kRows = 64, kColumns = 64, kDepth = 16;
  static constexpr int kThreadRows = 4, kThreadColumns = 4;
  static constexpr int kThreads = 256, kBlocksPerSm = 4;
};

struct GemmPlan {
  bool large;
  int64_t splits;       // blocks that share the summation of one tile; above 1 partials are merged
  int64_t split_depth;  // summed elements of each
};

template <class Tile>
constexpr int64_t gemm_tiles(int64_t m, int64_t n) {
  return ceil_div(m, Tile::kRows) * ceil_div(n, Tile::kColumns);
}

// Depends on the shape only, so that results do not depend on the model of the GPU. Splitting pays
// where the tiles alone leave most of a GPU idle; below kMinSplits the merge costs more than it
// saves.
inline GemmPlan plan_gemm(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kEnoughBlocks = 128, kMinSplits = 4, kMinDepth = 64;
  if (gemm_tiles<LargeGemmTile>(m, n) >= kEnoughBlocks) return {true, 1, k};
  const int64_t tiles = gemm_tiles<SmallGemmTile>(m, n);
  const int64_t splits = std::min(kEnoughBlocks / tiles, k / kMinDepth);
  if (splits < kMinSplits) return {false, 1, k};
  constexpr int64_t kStep = SmallGemmTile::kDepth;
  const int64_t depth = ceil_div(ceil_div(k, splits), kStep) * kStep;
  return {false, ceil_div(k, depth), depth};
}

}  // namespace sslcuda::cuda
