// scores.cuh - what a pair of row i and column j is: its score, a positive, left out.
//   s[i,j] = <a[i], b[j]> row_factor[i] column_factor[j] / tau + column_bias[j]
// Pairs that do not count get the score -infinity: no maximum is one, and its exp is 0.
#pragma once

#include <device/log_sum_exp.cuh>
#include <device/math.cuh>

#include "kernels/cuda/contrastive/contrastive_plan.hpp"

namespace sslcuda::cuda {

__device__ __forceinline__ float unlimited_scale(const Temperature& t) {
  return t.log_scale ? expf(*t.log_scale) : 1.0f / load_or(t.tau_device, t.tau);
}

__device__ __forceinline__ bool is_limited(const Temperature& t) {
  return t.max_scale > 0.0f && unlimited_scale(t) > t.max_scale;
}

// 1 / tau
__device__ __forceinline__ float load_scale(const Temperature& t) {
  return is_limited(t) ? t.max_scale : unlimited_scale(t);
}

// A row is not scored against itself.
constexpr bool leaves_out_self(ContrastiveKind kind) {
  return has_classes(kind) || kind == ContrastiveKind::kNtXent;
}

struct Scores {
  ContrastiveArgs args;
  const float* row_factor;     // [n] or null
  const float* column_factor;  // [m] or null
  const float* row_limit;      // [n] or null: scores above it do not count (margin)

  // Column i + offset() is at the place of row i.
  __device__ int64_t offset() const { return args.first_row - args.first_column; }

  // The only positive of row i: its column, or -1 where it is none of these m.
  __device__ int64_t positive(int64_t i) const {
    if (args.positives || has_classes(args.kind) || is_ignored(i)) return -1;
    int64_t place = args.first_row + i;
    if (args.labels) place = args.labels[i];
    if (args.kind == ContrastiveKind::kNtXent) {
      const int64_t half = args.total_rows / 2;  // a remainder would take a hundred instructions
      place = place < half ? place + half : place - half;
    }
    const int64_t column = place - args.first_column;
    return column >= 0 && column < args.m ? column : -1;
  }

  __device__ bool same_place(int64_t i, int64_t j) const { return j == i + offset(); }

  __device__ bool is_positive(int64_t i, int64_t j, int64_t positive) const {
    if (!has_classes(args.kind)) return j == positive;
    return args.labels[i] == args.column_labels[j] && !same_place(i, j) &&
           args.labels[i] != args.ignore_index;
  }

  // Is the pair named among those that do not count?
  __device__ bool is_left_out(int64_t i, int64_t j) const {
    if (args.row_ids && args.row_ids[i] == args.column_ids[j]) return true;
    return args.mask && (args.mask[i * args.ld_mask + j / 32] >> j % 32 & 1) != 0;
  }

  // What scores in the row and column may not exceed. Columns: CLIP, where n is m.
  __device__ float limit_of_row(int64_t i) const { return row_limit ? row_limit[i] : INFINITY; }
  __device__ float limit_of_column(int64_t j) const {
    return row_limit && args.kind == ContrastiveKind::kClip ? row_limit[j] : INFINITY;
  }

  __device__ bool is_ignored(int64_t i) const {
    return args.labels && args.labels[i] == args.ignore_index;
  }

  // A label that is no column's, of a caller that could not be told.
  __device__ bool is_label_wrong(int64_t i) const {
    return args.kind == ContrastiveKind::kInfoNce && args.labels && !is_ignored(i) &&
           (args.labels[i] < 0 || args.labels[i] >= args.total_columns);
  }

  // 0: the row does not count, but for what its positives have to say.
  __device__ float weight(int64_t i) const {
    if (is_ignored(i)) return 0.0f;
    return args.weights ? args.weights[i] : 1.0f;
  }
};

// Where a column is in the tile, counted from the first column of this thread; -1 outside.
template <class Tile>
__device__ __forceinline__ int place_in_tile(const Tile& tile, int64_t column) {
  const int64_t place = column - tile.column(0);
  return place >= 0 && place < Tile::kColumns ? static_cast<int>(place) : -1;
}

// The same of element `which` of a pair: neighbouring pairs of a thread are 8 columns apart.
constexpr int place_of(int pair, int which) { return 8 * pair + which; }

// Where the first row and column of a product are in the matrix of scores.
struct Corner {
  int64_t row, column;
};

// The positives of the rows of a thread, as places.
template <class Tile>
__device__ __forceinline__ void find_positives(const Tile& tile, const Scores& scores,
                                               const Corner& corner, int (&place)[Tile::kSlots]) {
#pragma unroll
  for (int slot = 0; slot < Tile::kSlots; ++slot) {
    const bool exists = tile.row(slot) < tile.m;
    const int64_t column = exists ? scores.positive(corner.row + tile.row(slot)) : -1;
    place[slot] = place_in_tile(tile, column - corner.column);
  }
}

// Columns from the first of this thread to the last of the whole: places below it exist.
template <class Tile>
__device__ __forceinline__ int places(const Tile& tile) {
  return static_cast<int>(min(tile.n - tile.column(0), int64_t{Tile::kColumns}));
}

// Has every row and column of this thread a place in the product?
template <class Tile>
__device__ __forceinline__ bool is_whole(const Tile& tile) {
  return tile.row(Tile::kSlots - 1) < tile.m && places(tile) > place_of(Tile::kPairs - 1, 1);
}

// f(value(k), of_column[k]) for all elements; of_column is that of the product's first column.
template <class Tile, class F>
__device__ __forceinline__ void for_each_column(Tile& tile, const float* of_column, const F& f) {
  const float* const from = of_column + tile.column(0);
  const int count = places(tile);
#pragma unroll
  for (int k = 0; k < 2 * Tile::kPairs; ++k) {
    const int place = place_of(k / 2, k % 2);
    const float number = place < count ? from[place] : 0.0f;
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) f(tile.value[slot][k / 2][k % 2], number);
  }
}

// Where row i, of a kind that leaves itself out, is among the columns of a thread.
template <class Tile>
__device__ __forceinline__ int self_place(const Tile& tile, const Scores& scores,
                                          const Corner& corner, int64_t i) {
  if (!leaves_out_self(scores.args.kind)) return -1;
  return place_in_tile(tile, i + scores.offset() - corner.column);
}

// -infinity for what is beyond the product, and for rows against themselves. Few tiles have any.
template <class Tile>
__device__ __forceinline__ void leave_out_places(Tile& tile, const Scores& scores,
                                                 const Corner& corner) {
  const int count = places(tile);
#pragma unroll
  for (int slot = 0; slot < Tile::kSlots; ++slot) {
    const bool exists = tile.row(slot) < tile.m;
    const int end = exists ? count : 0;
    const int self = self_place(tile, scores, corner, corner.row + tile.row(slot));
#pragma unroll
    for (int k = 0; k < 2 * Tile::kPairs; ++k) {
      const int place = place_of(k / 2, k % 2);
      if (place >= end || place == self) tile.value[slot][k / 2][k % 2] = -INFINITY;
    }
  }
}

// Turns the products of a tile into scores.
template <class Tile>
__device__ __forceinline__ void make_scores(Tile& tile, const Scores& scores,
                                            const Corner& corner) {
  const ContrastiveArgs& a = scores.args;
  if (scores.column_factor) {
    for_each_column(tile, scores.column_factor + corner.column,
                    [](float& x, float factor) { x *= factor; });
  }
  const float scale = load_scale(a.temperature);
  bool leaves_out = !is_whole(tile);
#pragma unroll
  for (int slot = 0; slot < Tile::kSlots; ++slot) {
    const bool exists = tile.row(slot) < tile.m;
    const int64_t i = corner.row + tile.row(slot);
    const float row_scale = exists && scores.row_factor ? scale * scores.row_factor[i] : scale;
    leaves_out = leaves_out || self_place(tile, scores, corner, i) >= 0;
#pragma unroll
    for (int k = 0; k < 2 * Tile::kPairs; ++k) tile.value[slot][k / 2][k % 2] *= row_scale;
  }
  if (a.column_bias) {
    for_each_column(tile, a.column_bias + corner.column, [](float& s, float bias) { s += bias; });
  }
  if (leaves_out) leave_out_places(tile, scores, corner);
}

}  // namespace sslcuda::cuda
