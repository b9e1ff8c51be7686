// statistics.cuh - what the losses need to know of the rows (and columns) of scores: log-sum-exp,
// and more where it is asked for. Two epilogues of the scores' product reduce each tile to partial
// statistics, [tiles][rows of the wave]; merge_kernel puts those together, tile after tile.
// Per score: one exponential, two with columns. Per tile: 8 to 40 bytes for each row and column.
#pragma once

#include "kernels/cuda/contrastive/scores.cuh"

namespace sslcuda::cuda {

// Of scores s:  sum = sum exp(s - max),  weighted = sum exp(s - max) (s - max),  total = sum s,
// or in SIGLIP total = sum of the pairs' losses
struct RowStatistics {
  LogSumExp all = LogSumExp::of_nothing();
  float weighted = 0.0f, total = 0.0f;

  __device__ __forceinline__ void merge(const RowStatistics& other) {
    LogSumExp merged = all;
    merged.merge(other.all);
    weighted = weighted_from(merged.max) + other.weighted_from(merged.max);
    total += other.total;
    all = merged;
  }

 private:
  // `weighted` with another maximum.
  __device__ __forceinline__ float weighted_from(float max) const {
    if (all.sum == 0.0f) return 0.0f;
    const float step = all.max - max;
    return expf(step) * (weighted + step * all.sum);
  }
};

// Of the scores of a row's positives, in SUPCON and SUPCON_IN.
struct PositiveStatistics {
  LogSumExp all = LogSumExp::of_nothing();
  float total = 0.0f, count = 0.0f;

  __device__ __forceinline__ void merge(const PositiveStatistics& other) {
    all.merge(other.all);
    total += other.total;
    count += other.count;
  }
};

__device__ __forceinline__ float softplus(float x) {
  return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
}

// Log-sum-exp of the scores of one row, or column, of a thread: score(k), k < kCount.
template <int kCount, class Score>
__device__ __forceinline__ LogSumExp log_sum_exp_of(const Score& score) {
  LogSumExp s = LogSumExp::of_nothing();
#pragma unroll
  for (int k = 0; k < kCount; ++k) s.max = fmaxf(s.max, score(k));
#pragma unroll
  for (int k = 0; k < kCount; ++k) s.sum += exp_of(score(k) - s.max);
  return s;
}

// Of a wave of rows: where the tiles' partial statistics go. What is null is not wanted.
struct StatisticsWave {
  int64_t first_row, rows;
  LogSumExp* row_lse;             // [column tiles, rows]; RowStatistics instead where more is asked
  RowStatistics* row_statistics;  // [column tiles, rows]
  PositiveStatistics* positives;  // [column tiles, rows]
  LogSumExp* column_lse;          // [row tiles, m]
  float* positive;                // [n]: score of the only positive, where it is one of b
};

template <class Tile, class Stat>
__device__ __forceinline__ void merge_into(Tile& tile, Stat (&stat)[Tile::kSlots], Stat* partial,
                                           int64_t rows) {
  Stat* const of_tile = partial + tile.column_tile() * rows;
  tile.merge_rows(stat, [&](int64_t row, const Stat& merged) { of_tile[row] = merged; });
}

// The thread that holds the positive of a row stores its score: the number that is in the sum, too.
template <class Tile>
__device__ __forceinline__ void store_positives(const Tile& tile, const StatisticsWave& wave,
                                                const int (&place)[Tile::kSlots]) {
#pragma unroll
  for (int slot = 0; slot < Tile::kSlots; ++slot) {
    if (place[slot] < 0) continue;  // in nearly all tiles
#pragma unroll
    for (int k = 0; k < 2 * Tile::kPairs; ++k) {
      if (place[slot] != place_of(k / 2, k % 2)) continue;
      wave.positive[wave.first_row + tile.row(slot)] = tile.value[slot][k / 2][k % 2];
    }
  }
}

// counts(slot, k, j): is the pair in the sum of its column?
template <class Tile, class Counts>
__device__ __forceinline__ void merge_column_lse(Tile& tile, LogSumExp* partial,
                                                 const Counts& counts) {
  LogSumExp stat[Tile::kPairs][2];
#pragma unroll
  for (int k = 0; k < 2 * Tile::kPairs; ++k) {
    const int64_t j = tile.column(k / 2) + k % 2;
    stat[k / 2][k % 2] = log_sum_exp_of<Tile::kSlots>(
        [&](int slot) { return counts(slot, k, j) ? tile.value[slot][k / 2][k % 2] : -INFINITY; });
  }
  LogSumExp* const of_tile = partial + tile.row_tile() * tile.n;
  tile.merge_columns(stat, [&](int64_t j, const LogSumExp& merged) { of_tile[j] = merged; });
}

// Where a row has one positive, no pairs are named that do not count, and log-sum-exps will do.
struct LeanStatistics {
  static constexpr bool kAnyLayout = false, kManyRegistersInTf32 = true;

  Scores scores;
  StatisticsWave wave;

  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    make_scores(tile, scores, {wave.first_row, 0});
    LogSumExp stat[Tile::kSlots];
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      stat[slot] =
          log_sum_exp_of<2 * Tile::kPairs>([&](int k) { return tile.value[slot][k / 2][k % 2]; });
    }
    merge_into(tile, stat, wave.row_lse, wave.rows);
    if (wave.column_lse) {
      merge_column_lse(tile, wave.column_lse, [](int, int, int64_t) { return true; });
    }
    int positive[Tile::kSlots];
    find_positives(tile, scores, {wave.first_row, 0}, positive);
    store_positives(tile, wave, positive);
  }
};

// Every kind and option.
struct FullStatistics {
  static constexpr bool kAnyLayout = false, kManyRegisters = true;

  Scores scores;
  StatisticsWave wave;

  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    make_scores(tile, scores, {wave.first_row, 0});
    int positive[Tile::kSlots];
    find_positives(tile, scores, {wave.first_row, 0}, positive);
    if (wave.positive) store_positives(tile, wave, positive);
    leave_out(tile, positive);
    RowStatistics stat[Tile::kSlots];
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) stat[slot] = of_row(tile, slot, positive[slot]);
    merge_into(tile, stat, wave.row_statistics, wave.rows);
    if (wave.positives) merge_positives(tile);
    if (!wave.column_lse) return;
    merge_column_lse(tile, wave.column_lse, [&](int slot, int k, int64_t j) {
      return place_of(k / 2, k % 2) == positive[slot] || j >= tile.n ||
             !(tile.value[slot][k / 2][k % 2] > scores.limit_of_column(j));
    });
  }

 private:
  // Gives -infinity to the pairs that are named as not counting.
  template <class Tile>
  __device__ __forceinline__ void leave_out(Tile& tile, const int (&positive)[Tile::kSlots]) const {
    if (!scores.args.row_ids && !scores.args.mask) return;
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      const int64_t i = wave.first_row + tile.row(slot);
      if (tile.row(slot) >= tile.m) continue;
#pragma unroll
      for (int k = 0; k < 2 * Tile::kPairs; ++k) {
        const int64_t j = tile.column(k / 2) + k % 2;
        if (j >= tile.n || place_of(k / 2, k % 2) == positive[slot]) continue;
        if (has_classes(scores.args.kind) && scores.is_positive(i, j, -1)) continue;
        if (scores.is_left_out(i, j)) tile.value[slot][k / 2][k % 2] = -INFINITY;
      }
    }
  }

  template <class Tile>
  __device__ __forceinline__ RowStatistics of_row(const Tile& tile, int slot, int positive) const {
    RowStatistics stat;
    if (scores.args.kind == ContrastiveKind::kSigLip) {
      stat.total = pair_losses(tile, slot, positive);
      return stat;
    }
    const bool exists = tile.row(slot) < tile.m;
    const float limit = exists ? scores.limit_of_row(wave.first_row + tile.row(slot)) : 0.0f;
    const auto score = [&](int k) {
      const float s = tile.value[slot][k / 2][k % 2];
      return s > limit && place_of(k / 2, k % 2) != positive ? -INFINITY : s;
    };
    stat.all = log_sum_exp_of<2 * Tile::kPairs>(score);
#pragma unroll
    for (int k = 0; k < 2 * Tile::kPairs; ++k) {
      const float s = score(k), e = exp_of(s - stat.all.max);
      stat.weighted += e == 0.0f ? 0.0f : e * (s - stat.all.max);
      stat.total += s == -INFINITY ? 0.0f : s;
    }
    return stat;
  }

  // SIGLIP: sum of softplus(-y (s + bias))
  template <class Tile>
  __device__ __forceinline__ float pair_losses(const Tile& tile, int slot, int positive) const {
    const float bias = load(scores.args.bias);
    float sum = 0.0f;
#pragma unroll
    for (int k = 0; k < 2 * Tile::kPairs; ++k) {
      const float x = tile.value[slot][k / 2][k % 2] + bias;
      if (x != -INFINITY) sum += softplus(place_of(k / 2, k % 2) == positive ? -x : x);
    }
    return sum;
  }

  template <class Tile>
  __device__ __forceinline__ void merge_positives(Tile& tile) const {
    PositiveStatistics stat[Tile::kSlots];
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      const int64_t i = wave.first_row + tile.row(slot);
      if (tile.row(slot) >= tile.m) continue;
#pragma unroll
      for (int k = 0; k < 2 * Tile::kPairs; ++k) {
        const int64_t j = tile.column(k / 2) + k % 2;
        if (j >= tile.n || !scores.is_positive(i, j, -1)) continue;
        const float s = tile.value[slot][k / 2][k % 2];
        stat[slot].all.add(s);
        stat[slot].total += s;
        stat[slot].count += 1.0f;
      }
    }
    merge_into(tile, stat, wave.positives, wave.rows);
  }
};

// A block takes kLines rows or columns; kLanes threads share one.
struct MergeTile {
  static constexpr int kLines = 32, kLanes = 8;
  static constexpr int kThreads = kLines * kLanes;
};

template <class Tile, class Stat>
struct MergeSmem {
  Stat partial[Tile::kLanes][Tile::kLines];
};

// merged[line] = partial[0][line] + partial[1][line] + ...; added to what is there if `accumulate`.
template <class Tile, class Stat>
__global__ void __launch_bounds__(Tile::kThreads)
    merge_kernel(const Stat* partial, int64_t tiles, int64_t lines, bool accumulate, Stat* merged) {
  auto& smem = simt::shared<MergeSmem<Tile, Stat>>();
  const int place = threadIdx.x % Tile::kLines, lane = threadIdx.x / Tile::kLines;
  const int64_t line = int64_t{blockIdx.x} * Tile::kLines + place;
  const int lanes = static_cast<int>(min(tiles, int64_t{Tile::kLanes}));  // that have a tile
  Stat stat;
  if (lane < lanes && line < lines) {
    stat = partial[lane * lines + line];
    for (int64_t t = lane + lanes; t < tiles; t += lanes) stat.merge(partial[t * lines + line]);
    smem.partial[lane][place] = stat;
  }
  __syncthreads();
  if (lane != 0 || line >= lines) return;
  for (int other = 1; other < lanes; ++other) stat.merge(smem.partial[other][place]);
  if (accumulate) {
    Stat before = merged[line];
    before.merge(stat);
    stat = before;
  }
  merged[line] = stat;
}

}  // namespace sslcuda::cuda
