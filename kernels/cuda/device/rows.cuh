// rows.cuh - element-wise work on matrices: a block takes whole rows, and `lanes` neighbouring
// threads share a row. So what belongs to a row is computed once per thread, not per element.
#pragma once

#include <device/launch.hpp>

namespace sslcuda::cuda {

struct RowTile {
  static constexpr int kThreads = 256;
};

// Power of two that covers the width, at most a block.
inline int row_lanes(int64_t width) {
  int lanes = 1;
  while (lanes < width && lanes < RowTile::kThreads) lanes *= 2;
  return lanes;
}

inline simt::Launch row_launch(int64_t rows, int lanes, cudaStream_t stream) {
  return {grid_1d(ceil_div(rows, RowTile::kThreads / lanes)), RowTile::kThreads, 0, stream};
}

// The share of a thread: rows first_row, first_row + row_step ...; columns lane, lane + lanes ...
struct RowShare {
  int64_t first_row, row_step;
  int lane;
};

__device__ __forceinline__ RowShare row_share(int lanes) {
  const int64_t rows = RowTile::kThreads / lanes;
  const int thread = threadIdx.x;
  return {blockIdx.x * rows + thread / lanes, gridDim.x * rows, thread % lanes};
}

}  // namespace sslcuda::cuda
