// sum.cuh - sum of an array by one block, and column sums of a matrix.
// Column sums: a block owns kColumns neighbouring columns and a chunk of rows; its kLanes rows of
// threads take every kLanes-th row, and are added up in order. Each element is read once; 1 FLOP
// each.
#pragma once

#include <device/number.cuh>
#include <device/reduce.cuh>

#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

struct SumTile {
  static constexpr int kThreads = 1024;
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    sum_kernel(const float* values, int64_t count, const SumScale scale, float* out) {
  float sum = 0.0f;
  for (int64_t i = threadIdx.x; i < count; i += Tile::kThreads) sum += values[i];
  sum = block_reduce(simt::shared<BlockReduceSmem>(), sum, Sum{});
  if (threadIdx.x != 0) return;
  const float divisor = scale.divisor ? *scale.divisor : 1.0f;
  *out = divisor == 0.0f ? 0.0f : scale.factor * sum / divisor;
}

struct ColumnSumTile {
  static constexpr int kColumns = 32;
  static constexpr int kLanes = 8;
  static constexpr int kThreads = kColumns * kLanes;
  static constexpr int64_t kChunk = 256;  // rows of a block where there are several chunks
};

template <class Tile>
struct ColumnSumSmem {
  float partial[Tile::kLanes][Tile::kColumns];
};

// Where sums go that belong side by side.
template <class Out>
struct SumStore {
  Out* out;
  __device__ void operator()(int64_t at, float sum) const { out[at] = from_float<Out>(sum); }
};

// sink(place, sum) gets the sums [chunk, column], chunk = block / column groups
template <class Tile, class In, class Sink>
__global__ void __launch_bounds__(Tile::kThreads)
    column_sum_kernel(const In* x, int64_t rows, int64_t columns, int64_t chunk_rows,
                      const Sink sink) {
  auto& smem = simt::shared<ColumnSumSmem<Tile>>();
  const int64_t groups = ceil_div(columns, Tile::kColumns);
  const int64_t chunk = blockIdx.x / groups;
  const int lane = threadIdx.x / Tile::kColumns, place = threadIdx.x % Tile::kColumns;
  const int64_t column = blockIdx.x % groups * Tile::kColumns + place;
  const int64_t end = min(rows, (chunk + 1) * chunk_rows);
  float sum = 0.0f;
  if (column < columns) {
    for (int64_t row = chunk * chunk_rows + lane; row < end; row += Tile::kLanes) {
      sum += to_float(x[row * columns + column]);
    }
  }
  smem.partial[lane][place] = sum;
  __syncthreads();
  if (lane != 0 || column >= columns) return;
  for (int other = 1; other < Tile::kLanes; ++other) sum += smem.partial[other][place];
  sink(chunk * columns + column, sum);
}

template <class In, class Sink>
cudaError_t launch_column_chunks(cudaStream_t stream, const In* x, int64_t rows, int64_t columns,
                                 int64_t chunk_rows, const Sink& sink) {
  using Tile = ColumnSumTile;
  const int64_t blocks = ceil_div(columns, Tile::kColumns) * ceil_div(rows, chunk_rows);
  return simt::launch(column_sum_kernel<Tile, In, Sink>,
                      {grid_1d(blocks), Tile::kThreads, sizeof(ColumnSumSmem<Tile>), stream}, x,
                      rows, columns, chunk_rows, sink);
}

}  // namespace sslcuda::cuda
