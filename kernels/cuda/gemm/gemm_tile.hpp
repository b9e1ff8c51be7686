// gemm_tile.hpp - compile-time choices of the sm_80 loop, and which one a product gets.
#pragma once

#include <algorithm>

#include "kernels/cuda/gemm/product.hpp"
#include "kernels/math.hpp"

namespace sslcuda::cuda {

// A block makes kRows x kColumns results, a warp kWarpRows x kWarpColumns of them, in steps of
// kDepthBytes of each row of a and column of b, kStages of which are under way. kBlocksPerSm limits
// the registers, so that blocks hide each other's waits.
template <int kWarpsM_, int kWarpsN_, int kWarpRows_, int kWarpColumns_, int kBlocksPerSm_>
struct ProductTile {
  static constexpr int kWarpsM = kWarpsM_, kWarpsN = kWarpsN_;
  static constexpr int kWarpRows = kWarpRows_, kWarpColumns = kWarpColumns_;
  static constexpr int kRows = kWarpsM * kWarpRows, kColumns = kWarpsN * kWarpColumns;
  static constexpr int kThreads = kWarpsM * kWarpsN * 32;
  static constexpr int kDepthBytes = 64, kStages = 4;
  static constexpr int kBlocksPerSm = kBlocksPerSm_;
};

using LargeTile = ProductTile<2, 4, 64, 32, 2>;
using SmallTile = ProductTile<2, 2, 32, 32, 4>;
// F32 has a second set of sums and factors in two parts, which takes more registers, and so do some
// epilogues.
using LargeF32Tile = ProductTile<2, 4, 64, 32, 1>;
using SmallF32Tile = ProductTile<2, 2, 32, 32, 3>;

template <class Tile>
constexpr int64_t count_tiles(int64_t m, int64_t n) {
  return ceil_div(m, Tile::kRows) * ceil_div(n, Tile::kColumns);
}

// Choices depend on extents and dtype only, so that results do not depend on the model of the GPU.
constexpr int64_t kEnoughBlocks = 128;

constexpr bool takes_large_tile(const Product& p) {
  return count_tiles<LargeTile>(p.m, p.n) >= kEnoughBlocks;
}

constexpr TileShape product_tile_sm80(const Product& p) {
  if (takes_large_tile(p)) return {LargeTile::kRows, LargeTile::kColumns};
  return {SmallTile::kRows, SmallTile::kColumns};
}

// Shares of a summation that different blocks make.
struct SplitPlan {
  int64_t splits;
  int64_t depth;  // summed elements of each
};

// Splitting pays where the tiles alone leave most of a GPU idle; below kMinSplits the merge costs
// more than it saves.
constexpr SplitPlan plan_splits_sm80(const Product& p) {
  constexpr int64_t kMinSplits = 4, kMinDepth = 64, kStep = 32;
  const int64_t tiles = std::max<int64_t>(count_tiles<SmallTile>(p.m, p.n), 1);
  const int64_t splits = std::min(kEnoughBlocks / tiles, p.k / kMinDepth);
  if (takes_large_tile(p) || splits < kMinSplits) return {1, p.k};
  const int64_t depth = ceil_div(ceil_div(p.k, splits), kStep) * kStep;
  return {ceil_div(p.k, depth), depth};
}

}  // namespace sslcuda::cuda
