// store.cuh - the epilogue that stores results, and the kernel that adds up split sums before.
// 4 bytes per result and split, the size of c's elements for each result, twice that with beta.
#pragma once

#include <device/math.cuh>
#include <device/pair.cuh>
#include <device/rows.cuh>

#include "kernels/cuda/gemm/gemm.hpp"

namespace sslcuda::cuda {

// What becomes of a sum. T: type of bias; Out: of c.
template <class T, class Out>
struct Finish {
  GemmOutput output;

  __device__ __forceinline__ Out* row(int64_t i) const {
    return static_cast<Out*>(output.c) + i * output.ldc;
  }

  // alpha and the factor of row i
  __device__ __forceinline__ float row_scale(int64_t i) const {
    const float alpha = output.divisor ? output.alpha / *output.divisor : output.alpha;
    return output.row_factors ? alpha * output.row_factors[i] : alpha;
  }

  __device__ __forceinline__ Out value(float x, float row_scale, int64_t j, const Out* c) const {
    float y = row_scale * x;
    if (output.column_factors) y *= output.column_factors[j];
    if (output.beta != 0.0f) y += output.beta * to_float(*c);
    if (output.bias) y += to_float(static_cast<const T*>(output.bias)[j]);
    return from_float<Out>(activate(output.activation, y));
  }
};

template <class T, class Out>
struct Store {
  static constexpr bool kAnyLayout = true, kAnyTile = true;

  Finish<T, Out> finish;

  // Shares of split sums go to results of their own, m rows apart.
  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    const bool is_paired =
        lies_in_pairs(static_cast<const Out*>(finish.output.c), finish.output.ldc);
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      const int64_t i = tile.row(slot);
      if (i >= tile.m) continue;
      const float scale = finish.row_scale(i);
      Out* const row = finish.row(tile.split * tile.m + i);
#pragma unroll
      for (int pair = 0; pair < Tile::kPairs; ++pair) {
        const int64_t j = tile.column(pair);
        const auto value = [&](int e) {
          return finish.value(tile.value[slot][pair][e], scale, j + e, row + j + e);
        };
        if (is_paired && j + 1 < tile.n) {
          pair_at(row + j) = {value(0), value(1)};
        } else {
          if (j < tile.n) row[j] = value(0);
          if (j + 1 < tile.n) row[j + 1] = value(1);
        }
      }
    }
  }
};

// c = what becomes of the sum of partial sums [splits, m, n], in order. Six blocks a
// multiprocessor: left to itself, the compiler makes room for eight, and spills.
template <class T, class Out>
__global__ void __launch_bounds__(RowTile::kThreads, 6)
    merge_splits_kernel(int64_t m, int64_t n, const float* partial, int64_t splits, int lanes,
                        const Finish<T, Out> finish) {
  const RowShare share = row_share(lanes);
  for (int64_t i = share.first_row; i < m; i += share.row_step) {
    const float scale = finish.row_scale(i);
    Out* const row = finish.row(i);
    for (int64_t j = share.lane; j < n; j += lanes) {
      float sum = 0.0f;
      for (int64_t split = 0; split < splits; ++split) sum += partial[(split * m + i) * n + j];
      row[j] = finish.value(sum, scale, j, row + j);
    }
  }
}

}  // namespace sslcuda::cuda
