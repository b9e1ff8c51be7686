// score_gradient.cuh - G, the gradient with respect to the scores, of a block of them: an epilogue
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
  ScoreBlock block;
  void* g;  // [rows, columns], rows ldg apart: a multiple of 8, not below columns
  int64_t ldg;
  const Side* row_sides;     // [n]
  const Side* column_sides;  // [m], or null where G is one-sided
  const Within* within;      // [n] (and [m] where b is a), or null
  const Rates* rates;
  GradientSums* row_sums;  // [column tiles, rows] or null
  TotalStat* column_sums;  // [row tiles, columns] or null; kFull only

  __device__ Corner corner() const { return {block.first_row, block.first_column}; }
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
  static constexpr bool kAnyLayout = false, kManyRegisters = kFull, kManyRegistersInTf32 = true;

  Scores scores;
  GradientWave wave;

  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    make_scores(tile, scores, wave.corner());
    int positive[Tile::kSlots];
    find_positives(tile, scores, wave.corner(), positive);
    GradientSums sums[Tile::kSlots];
    if constexpr (kFull) {
#pragma unroll
      for (int slot = 0; slot < Tile::kSlots; ++slot) {
        sums[slot] = make_row(tile, slot, positive[slot]);
      }
    } else {
      if (!wave.column_sides) leave_out_idle_rows(tile);
#pragma unroll
      for (int pair = 0; pair < Tile::kPairs; pair += kChunk<Tile>) {
        make_chunk(tile, pair, positive, sums);
      }
    }
    if (wave.row_sums) merge_into(tile, sums, wave.row_sums, wave.block.rows);
    if constexpr (kFull) {
      if (wave.column_sums) merge_column_sums(tile);
    }
  }

 private:
  // Pairs of columns whose part in G a thread has at hand at a time, for all of its rows. Two
  // blocks an SM leave registers for fewer.
  template <class Tile>
  static constexpr int kChunk = Tile::kSlots > 4 ? 2 : 4;

  template <int kCount>
  struct ChunkColumns {
    float shift[kCount] = {}, factor[kCount] = {};
    float bias[kCount], scale[kCount];
  };

  // Of pair `pair` and the next. Of `count` columns, the thread's first is number j of the matrix.
  template <int kCount>
  __device__ __forceinline__ ChunkColumns<kCount> load_columns(int pair, int64_t j,
                                                               int count) const {
    ChunkColumns<kCount> c;
    if (wave.column_sides) {
#pragma unroll
      for (int k = 0; k < kCount; ++k) {
        const int place = place_of(pair + k / 2, k % 2);
        if (place >= count) continue;
        const Side& side = wave.column_sides[j + place];
        c.shift[k] = side.shift;
        c.factor[k] = side.factor;
      }
    }
    load_numbers(c.bias, scores.args.column_bias, pair, j, count, 0.0f);
    load_numbers(c.scale, scores.column_factor, pair, j, count, 1.0f);
    return c;
  }

  template <int kCount>
  __device__ static __forceinline__ void load_numbers(float (&numbers)[kCount],
                                                      const float* of_column, int pair, int64_t j,
                                                      int count, float otherwise) {
#pragma unroll
    for (float& number : numbers) number = otherwise;
    if (!of_column) return;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      const int place = place_of(pair + k / 2, k % 2);
      if (place < count) numbers[k] = of_column[j + place];
    }
  }

  // A chunk of all rows: G is stored, and its sums grow.
  template <class Tile>
  __device__ __forceinline__ void make_chunk(const Tile& tile, int pair,
                                             const int (&positive)[Tile::kSlots],
                                             GradientSums (&sums)[Tile::kSlots]) const {
    constexpr int kCount = 2 * kChunk<Tile>;
    const int64_t first = wave.block.first_column + tile.column(0);
    const int count = places(tile);
    const auto columns = load_columns<kCount>(pair, first, count);
    const float unit = wave.rates->unit;
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      if (tile.row(slot) >= tile.m) continue;
      const int64_t i = wave.block.first_row + tile.row(slot);
      const Side row = wave.row_sides[i];
      float g[kCount];
#pragma unroll
      for (int k = 0; k < kCount; ++k) {
        const float s = tile.value[slot][pair + k / 2][k % 2];
        g[k] = row.factor * exp_of(s - row.shift) - row.uniform;
        if (wave.column_sides) g[k] += columns.factor[k] * exp_of(s - columns.shift[k]);
      }
      const int in_chunk = positive[slot] - place_of(pair, 0);
      if (in_chunk >= 0 && in_chunk < place_of(kChunk<Tile>, 0)) {
        subtract_positive(g, in_chunk, row, first + positive[slot]);
      }
      if (wave.row_sums) sums[slot].temperature += sum_of(g, tile.value[slot], pair, columns.bias);
      const float scale = scores.row_factor ? unit * scores.row_factor[i] : unit;
      Storage* const to = static_cast<Storage*>(wave.g) + tile.row(slot) * wave.ldg;
#pragma unroll
      for (int k = 0; k < kCount; k += 2) {
        if (place_of(pair + k / 2, 0) >= count) continue;
        store_pair(to + tile.column(pair + k / 2), g[k] * scale * columns.scale[k],
                   g[k + 1] * scale * columns.scale[k + 1]);
      }
    }
  }

  // Of G t in a chunk, even and odd columns by themselves: sums wait for each other.
  template <int kCount, int kPairs>
  __device__ static __forceinline__ float sum_of(const float (&g)[kCount],
                                                 const float (&score)[kPairs][2], int pair,
                                                 const float (&bias)[kCount]) {
    float sum[2] = {0.0f, 0.0f};
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      const float s = score[pair + k / 2][k % 2];
      if (s != -INFINITY) sum[k % 2] += g[k] * (s - bias[k]);
    }
    return sum[0] + sum[1];
  }

  // place: counted from the first column of the chunk; j: in the matrix
  template <int kCount>
  __device__ __forceinline__ void subtract_positive(float (&g)[kCount], int place, const Side& row,
                                                    int64_t j) const {
    const float of_column = wave.column_sides ? wave.column_sides[j].positive : 0.0f;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      if (place == place_of(k / 2, k % 2)) g[k] -= row.positive + of_column;
    }
  }

  // Rows without a part in G may hold NaN.
  template <class Tile>
  __device__ __forceinline__ void leave_out_idle_rows(Tile& tile) const {
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      if (tile.row(slot) >= tile.m) continue;
      if (wave.row_sides[wave.block.first_row + tile.row(slot)].factor != 0.0f) continue;
#pragma unroll
      for (int k = 0; k < 2 * Tile::kPairs; ++k) tile.value[slot][k / 2][k % 2] = -INFINITY;
    }
  }

  // A thread's part of a row, of any kind: G in the place of the scores, and stored.
  template <class Tile>
  __device__ __forceinline__ GradientSums make_row(Tile& tile, int slot, int positive) const {
    const bool exists = tile.row(slot) < tile.m;
    const int64_t i = wave.block.first_row + tile.row(slot);
    const int64_t first = wave.block.first_column + tile.column(0);
    const int count = exists ? places(tile) : 0;
    const Side row = exists ? wave.row_sides[i] : Side{};
    const float factor = exists && scores.row_factor ? scores.row_factor[i] : 1.0f;
    const float scale = wave.rates->unit * factor;
    Storage* const g = static_cast<Storage*>(wave.g) + tile.row(slot) * wave.ldg + tile.column(0);
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
        const float x = full_element(row, column, i, first + place, s, place == positive);
        value[which] = x;
        stored[which] = x * scale;
        if (scores.column_factor) stored[which] *= scores.column_factor[first + place];
        if (x == 0.0f) continue;  // where s may be -infinity
        const float bias = scores.args.column_bias ? scores.args.column_bias[first + place] : 0.0f;
        sums.temperature += x * (s - bias);
        sums.bias += x;
      }
      if (place_of(pair, 0) < count) store_pair(g + place_of(pair, 0), stored[0], stored[1]);
    }
    return sums;
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
