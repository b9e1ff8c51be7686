// score_gradient.cuh - G, the gradient with respect to the scores, of a wave of rows: an epilogue
// of the scores' product. Positives are subtracted in float32; then G is stored in the type of the
// call, times Rates::unit and the factors of row and column, so that its products with the rows of
// b and a are gradients but for Rates::alpha. Per score: one exponential, two where G is two-sided.
#pragma once

#include <device/number.cuh>

#include "kernels/cuda/contrastive/finish.cuh"
#include "kernels/cuda/gemm/result_tile.cuh"

namespace sslcuda::cuda {

// Of G before it is stored, summed over a row: G t, with t the score without bias, and, in SIGLIP,
// G.
struct GradientSums {
  float temperature = 0.0f, bias = 0.0f;

  __device__ __forceinline__ void merge(const GradientSums& other) {
    temperature += other.temperature;
    bias += other.bias;
  }
};

struct GradientWave {
  int64_t first_row, rows;
  void* g;  // [rows, m], rows ldg apart: a multiple of 8, above m
  int64_t ldg;
  const Side* row_sides;     // [n]
  const Side* column_sides;  // [m], or null where G is one-sided
  const Within* within;      // [n] (and [m] where b is a), or null
  const Rates* rates;
  GradientSums* row_sums;  // [column tiles, rows] or null
  TotalStat* column_sums;  // [row tiles, m] or null; kFull only
};

__device__ __forceinline__ void store_pair(float* to, float first, float second) {
  *reinterpret_cast<float2*>(to) = {first, second};
}

template <class Storage>
__device__ __forceinline__ void store_pair(Storage* to, float first, float second) {
  *reinterpret_cast<uint32_t*>(to) = pack<Storage>(first, second);
}

// kFull: any kind and option; else a row has one positive at most, and no pairs are named that do
// not count.
template <class Storage, bool kFull>
struct ScoreGradient {
  static constexpr bool kAnyLayout = false, kManyRegisters = kFull;

  Scores scores;
  GradientWave wave;

  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    make_scores(tile, scores, wave.first_row);
    int positive[Tile::kSlots];
    find_positives(tile, scores, wave.first_row, positive);
    GradientSums sums[Tile::kSlots];
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      sums[slot] = make_row(tile, slot, positive[slot]);
    }
    if (wave.row_sums) merge_into(tile, sums, wave.row_sums, wave.rows);
    if constexpr (kFull) {
      if (wave.column_sums) merge_column_sums(tile);
    }
  }

 private:
  // A thread's part of a row: G in the place of the scores, and stored.
  template <class Tile>
  __device__ __forceinline__ GradientSums make_row(Tile& tile, int slot, int positive) const {
    const bool exists = tile.row(slot) < tile.m;
    const int64_t i = wave.first_row + tile.row(slot), first = tile.column(0);
    const int count = exists ? places(tile) : 0;
    const Side row = exists ? wave.row_sides[i] : Side{};
    const float factor = exists && scores.row_factor ? scores.row_factor[i] : 1.0f;
    const float scale = wave.rates->unit * factor;
    Storage* const g = static_cast<Storage*>(wave.g) + tile.row(slot) * wave.ldg + first;
    GradientSums sums;
#pragma unroll
    for (int pair = 0; pair < Tile::kPairs; ++pair) {
      float(&value)[2] = tile.value[slot][pair];
      float stored[2] = {0.0f, 0.0f};
#pragma unroll
      for (int which = 0; which < 2; ++which) {
        const int place = place_of(pair, which);
        const float s = value[which];
        value[which] = 0.0f;
        if (place >= count) continue;
        const Side column = wave.column_sides ? wave.column_sides[first + place] : Side{};
        const float x = kFull ? full_element(row, column, i, first + place, s, place == positive)
                              : element(row, column, s, place == positive);
        value[which] = x;
        stored[which] = x * scale;
        if (scores.column_factor) stored[which] *= scores.column_factor[first + place];
        if (x == 0.0f) continue;  // where s may be -infinity
        const float bias = scores.args.column_bias ? scores.args.column_bias[first + place] : 0.0f;
        sums.temperature += x * (s - bias);
        if constexpr (kFull) sums.bias += x;
      }
      if (place_of(pair, 0) < count) store_pair(g + place_of(pair, 0), stored[0], stored[1]);
    }
    return sums;
  }

  __device__ __forceinline__ float element(const Side& row, const Side& column, float s,
                                           bool is_positive) const {
    float g = soft(row.shift, row.factor, s) - row.uniform;
    if (wave.column_sides) g += soft(column.shift, column.factor, s);
    return is_positive ? g - (row.positive + column.positive) : g;
  }

  __device__ __forceinline__ float full_element(const Side& row, const Side& column, int64_t i,
                                                int64_t j, float s, bool is_positive) const {
    const ContrastiveArgs& a = scores.args;
    if (has_classes(a.kind)) is_positive = scores.is_positive(i, j, -1);
    const bool is_left_out = !is_positive && scores.is_left_out(i, j);
    if (a.kind == ContrastiveKind::kSigLip) {
      if (is_left_out || row.factor == 0.0f) return 0.0f;
      const float p = sigmoid(s + load(a.bias));
      return row.factor * (is_positive ? p - 1.0f : p);
    }
    float g = 0.0f;
    if (is_positive || !(is_left_out || s > scores.limit_of_row(i))) {
      g += half(row, i, s, is_positive);
    }
    if (!wave.column_sides) return g;
    const bool is_column_left_out = a.self ? !is_positive && scores.is_left_out(j, i) : is_left_out;
    if (is_positive || !(is_column_left_out || s > scores.limit_of_column(j))) {
      g += half(column, j, s, is_positive);
    }
    return g;
  }

  // The part of a row, or column, in an element.
  __device__ __forceinline__ float half(const Side& side, int64_t line, float s,
                                        bool is_positive) const {
    const float g = soft(side.shift, side.factor, s) - side.uniform;
    if (!is_positive) return g;
    if (!wave.within) return g - side.positive;
    const Within& within = wave.within[line];
    return g - soft(within.shift, within.factor, s);
  }

  template <class Tile>
  __device__ __forceinline__ void merge_column_sums(Tile& tile) const {
    TotalStat sums[Tile::kPairs][2];
#pragma unroll
    for (int k = 0; k < 2 * Tile::kPairs; ++k) {
      float sum = 0.0f;
#pragma unroll
      for (int slot = 0; slot < Tile::kSlots; ++slot) sum += tile.value[slot][k / 2][k % 2];
      sums[k / 2][k % 2] = {sum};
    }
    TotalStat* const of_tile = wave.column_sums + tile.row_tile() * tile.n;
    tile.merge_columns(sums, [&](int64_t j, const TotalStat& sum) { of_tile[j] = sum; });
  }
};

}  // namespace sslcuda::cuda
