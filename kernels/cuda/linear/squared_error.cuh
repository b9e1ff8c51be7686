// squared_error.cuh - the epilogue of the last layer of an autoencoder: of y = act(x W^T + bias) it
// makes the gradient of mean (y - t)^2 before the activation, and the tile's sum of (y - t)^2.
// Per result: one element read and one written, two with y; per tile 4 bytes.
#pragma once

#include <device/math.cuh>
#include <device/pair.cuh>

#include "kernels/cuda/gemm/result_tile.cuh"

namespace sslcuda::cuda {

template <class T>
struct SquaredError {
  static constexpr bool kAnyLayout = false;

  LinearMseArgs args;
  float* partial;  // [row tiles, column tiles], or null

  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    const float count = static_cast<float>(args.n * args.out);
    const float scale = 2.0f * load_or(args.grad_loss, 1.0f) / count;
    const bool is_paired = lies_in_pairs(static_cast<const T*>(args.target), args.out) &&
                           lies_in_pairs(static_cast<const T*>(args.grad_u), args.out) &&
                           lies_in_pairs(static_cast<const T*>(args.y), args.out);
    TotalStat sum;
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      const int64_t row = tile.row(slot) * args.out;
      if (tile.row(slot) >= tile.m) continue;
#pragma unroll
      for (int pair = 0; pair < Tile::kPairs; ++pair) {
        const int64_t j = tile.column(pair);
        const float(&u)[2] = tile.value[slot][pair];
        if (is_paired && j < tile.n) {
          sum.value += pair_of(u, row, j, scale);
        } else {
          if (j < tile.n) sum.value += element(u[0], row + j, j, scale);
          if (j + 1 < tile.n) sum.value += element(u[1], row + j + 1, j + 1, scale);
        }
      }
    }
    if (!partial) return;
    const int64_t place = tile.row_tile() * ceil_div(tile.n, int64_t{Tile::kColumns});
    tile.merge_all(sum,
                   [&](const TotalStat& all) { partial[place + tile.column_tile()] = all.value; });
  }

 private:
  struct Element {
    float y, difference;
  };

  // u: the sum of products; t: its target
  __device__ __forceinline__ Element compare(float u, T t, int64_t j) const {
    if (args.bias) u += to_float(static_cast<const T*>(args.bias)[j]);
    const float y = activate(args.activation, u);
    return {y, y - to_float(t)};
  }

  __device__ __forceinline__ T gradient(const Element& e, float scale) const {
    return from_float<T>(activation_gradient(args.activation, e.y, scale * e.difference));
  }

  __device__ __forceinline__ float element(float u, int64_t at, int64_t j, float scale) const {
    const Element e = compare(u, static_cast<const T*>(args.target)[at], j);
    if (args.y) static_cast<T*>(args.y)[at] = from_float<T>(e.y);
    if (args.grad_u) static_cast<T*>(args.grad_u)[at] = gradient(e, scale);
    return e.difference * e.difference;
  }

  __device__ __forceinline__ float pair_of(const float (&u)[2], int64_t row, int64_t j,
                                           float scale) const {
    const int64_t at = row + j;
    const Pair<T> t = pair_at(static_cast<const T*>(args.target) + at);
    const Element e = compare(u[0], t.at[0], j), f = compare(u[1], t.at[1], j + 1);
    if (args.y) pair_at(static_cast<T*>(args.y) + at) = {from_float<T>(e.y), from_float<T>(f.y)};
    if (args.grad_u) {
      pair_at(static_cast<T*>(args.grad_u) + at) = {gradient(e, scale), gradient(f, scale)};
    }
    return e.difference * e.difference + f.difference * f.difference;
  }
};

}  // namespace sslcuda::cuda
