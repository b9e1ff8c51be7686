// work_sm90.hpp - which tiles the clusters of a persistent grid make, and in which order. Unit u is
// one tile for each block of a cluster, one below the other, and one share of the summation;
// cluster c of C makes units c, c + C ... Units go through bands of kBand rows of units, column by
// column, so that the clusters at work share few rows and columns of the operands.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/gemm/gemm_sm90.hpp"

namespace sslcuda::cuda {

struct WorkSm90 {
  static constexpr uint32_t kBand = 8;

  struct Tile {
    uint32_t row, column;  // number of the tile, in both directions
    uint32_t split;
  };

  int64_t m, n;
  uint32_t slabs;   // of every unit; what lies behind the last summed element is copied as zero
  uint32_t blocks;  // of a cluster
  uint32_t rows, columns, units;

  // That the block of this rank in its cluster makes. It may lie below the result.
  __device__ Tile tile(uint32_t unit, uint32_t rank) const {
    const uint32_t split = unit / (rows * columns), in_split = unit % (rows * columns);
    const uint32_t first_row = in_split / (kBand * columns) * kBand;
    const uint32_t band_rows = min(kBand, rows - first_row);
    const uint32_t in_band = in_split - first_row * columns;
    return {(first_row + in_band % band_rows) * blocks + rank, in_band / band_rows, split};
  }
};

inline WorkSm90 work_sm90(const Product& p, const SplitPlan& plan, const TileShape& tile) {
  // Two blocks to a cluster, unless the second would have nothing to do in much of them.
  constexpr int64_t kMany = 8;
  const int64_t row_tiles = ceil_div(p.m, tile.rows);
  const int64_t blocks = row_tiles % 2 == 0 || row_tiles > kMany ? 2 : 1;
  const int64_t rows = ceil_div(row_tiles, blocks), columns = ceil_div(p.n, tile.columns);
  const auto narrow = [](int64_t x) { return static_cast<uint32_t>(x); };
  return {p.m,
          p.n,
          narrow(ceil_div(plan.depth, kSlabSm90)),
          narrow(blocks),
          narrow(rows),
          narrow(columns),
          narrow(rows * columns * plan.splits)};
}

}  // namespace sslcuda::cuda
