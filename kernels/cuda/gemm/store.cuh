// store.cuh - the epilogue that stores results, and the kernel that adds up split sums before.
// 4 bytes per result and split, the size of c's elements for each result, twice that with beta.
#pragma once

#include <device/math.cuh>
#include <device/pair.cuh>
#include <device/rows.cuh>

#include "kernels/cuda/gemm/gemm.hpp"

namespace sslcuda::cuda {

// Numbers of one thread, by row and column, with their places in the result. Those of a tile:
template <class Tile>
struct TileNumbers {
  static constexpr int kRows = Tile::kSlots, kColumns = 2 * Tile::kPairs;

  Tile& tile;

  __device__ float& at(int r, int c) const { return tile.value[r][c / 2][c % 2]; }
  __device__ int64_t row(int r) const { return tile.row(r); }
  __device__ int64_t column(int c) const { return tile.column(c / 2) + c % 2; }
  __device__ bool has_row(int r) const { return row(r) < tile.m; }
  __device__ bool has_column(int c) const { return column(c) < tile.n; }
};

struct OneNumber {
  static constexpr int kRows = 1, kColumns = 1;

  float& number;
  int64_t i, j;

  __device__ float& at(int, int) const { return number; }
  __device__ int64_t row(int) const { return i; }
  __device__ int64_t column(int) const { return j; }
  __device__ bool has_row(int) const { return true; }
  __device__ bool has_column(int) const { return true; }
};

// What becomes of sums. T: type of bias; Out: of c.
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

  // In place, one step for all numbers after the other: if each number came with all the choices,
  // the code would be more than caches of instructions hold. scale: row_scale() of the rows.
  template <class Numbers>
  __device__ __forceinline__ void apply(const Numbers& y,
                                        const float (&scale)[Numbers::kRows]) const {
    each(y, [&](float& x, int r) { x *= scale[r]; });
    if (output.column_factors) {
      each_column(y, output.column_factors, [](float& x, float factor) { x *= factor; });
    }
    if (output.beta != 0.0f) add_c(y);
    if (output.bias) {
      each_column(y, static_cast<const T*>(output.bias), [](float& x, float bias) { x += bias; });
    }
    if (output.activation == Activation::kRelu) {
      each(y, [](float& x, int) { x = activate(Activation::kRelu, x); });
    } else if (output.activation == Activation::kSigmoid) {
      each(y, [](float& x, int) { x = activate(Activation::kSigmoid, x); });
    }
  }

 private:
  // f(number, row) of all
  template <class Numbers, class F>
  __device__ static __forceinline__ void each(const Numbers& y, const F& f) {
#pragma unroll
    for (int r = 0; r < Numbers::kRows; ++r) {
#pragma unroll
      for (int c = 0; c < Numbers::kColumns; ++c) f(y.at(r, c), r);
    }
  }

  // f(number, what the line has for its column)
  template <class Numbers, class Element, class F>
  __device__ static __forceinline__ void each_column(const Numbers& y, const Element* line,
                                                     const F& f) {
#pragma unroll
    for (int c = 0; c < Numbers::kColumns; ++c) {
      const float of_column = y.has_column(c) ? to_float(line[y.column(c)]) : 0.0f;
#pragma unroll
      for (int r = 0; r < Numbers::kRows; ++r) f(y.at(r, c), of_column);
    }
  }

  // All reads come before the first result is written: a read behind a write waits by itself.
  template <class Numbers>
  __device__ __forceinline__ void add_c(const Numbers& y) const {
    constexpr int kStep = Numbers::kColumns == 1 ? 1 : 2;
    const bool is_paired = kStep == 2 && lies_in_pairs(row(0), output.ldc);
#pragma unroll
    for (int r = 0; r < Numbers::kRows; ++r) {
      if (!y.has_row(r)) continue;
      const Out* const line = row(y.row(r));
#pragma unroll
      for (int c = 0; c < Numbers::kColumns; c += kStep) {
        const int64_t j = y.column(c);
        const bool has_next = kStep == 2 && y.has_column(c + 1);
        Pair<Out> before = {};
        if (is_paired && has_next) {
          before = pair_at(line + j);
        } else {
          if (y.has_column(c)) before.at[0] = line[j];
          if (has_next) before.at[1] = line[j + 1];
        }
#pragma unroll
        for (int k = 0; k < kStep; ++k) y.at(r, c + k) += output.beta * to_float(before.at[k]);
      }
    }
  }
};

template <class T, class Out>
struct Store {
  static constexpr bool kAnyLayout = true, kAnyTile = true;

  Finish<T, Out> finish;

  // Shares of split sums go to results of their own, m rows apart.
  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    float scale[Tile::kSlots];
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      scale[slot] = tile.row(slot) < tile.m ? finish.row_scale(tile.row(slot)) : 0.0f;
    }
    finish.apply(TileNumbers<Tile>{tile}, scale);
    store(tile);
  }

 private:
  template <class Tile>
  __device__ __forceinline__ void store(const Tile& tile) const {
    const bool is_paired =
        lies_in_pairs(static_cast<const Out*>(finish.output.c), finish.output.ldc);
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      const int64_t i = tile.row(slot);
      if (i >= tile.m) continue;
      Out* const row = finish.row(tile.split * tile.m + i);
#pragma unroll
      for (int pair = 0; pair < Tile::kPairs; ++pair) {
        const int64_t j = tile.column(pair);
        const auto value = [&](int e) { return from_float<Out>(tile.value[slot][pair][e]); };
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
      finish.apply(OneNumber{sum, i, j}, {scale});
      row[j] = from_float<Out>(sum);
    }
  }
}

}  // namespace sslcuda::cuda
