// result_tile.cuh - what a thread holds of the tile of results that its block has made, and merges
// of row and column statistics over all threads that share the tile.
//
// mma.sync and wgmma leave results the same way. With g = lane / 4, q = lane % 4, a thread has of
// its warp's part rows g and g + 8 of every 16, and columns 2q and 2q + 1 of every 8. Merges go in
// the same order every time: lanes by halves, then warps by halves.
#pragma once

#include <device/ptx/barrier.cuh>
#include <device/reduce.cuh>

#include <algorithm>
#include <bit>

namespace sslcuda::cuda {

// Of lane ^ step.
template <class Stat>
__device__ __forceinline__ Stat shuffle_xor(const Stat& stat, int step) {
  struct Words {
    float word[sizeof(Stat) / sizeof(float)];
  };
  auto words = std::bit_cast<Words>(stat);
#pragma unroll
  for (float& word : words.word) word = __shfl_xor_sync(kFullMask, word, step);
  return std::bit_cast<Stat>(words);
}

// A statistic that is a sum.
struct TotalStat {
  float value = 0.0f;

  __device__ __forceinline__ void merge(const TotalStat& other) { value += other.value; }
};

// kWarpsM x kWarpsN warps share the tile; the part of each is kWarpRows x kWarpColumns. Its rows
// come in groups of kRowGroup, with those of the other warps in between.
template <int kWarpsM, int kWarpsN, int kWarpRows, int kWarpColumns, int kRowGroup = kWarpRows>
class ResultTile {
 public:
  static constexpr int kThreads = kWarpsM * kWarpsN * kWarp;
  static constexpr int kRows = kWarpsM * kWarpRows, kColumns = kWarpsN * kWarpColumns;
  static constexpr int kSlots = kWarpRows / 8;     // rows of a thread
  static constexpr int kPairs = kWarpColumns / 8;  // pairs of neighbouring columns of a thread
  static_assert(kWarpRows % kRowGroup == 0 && kRowGroup % 16 == 0 && kWarpColumns % 32 == 0);

  // The largest Stat that can be merged, and the shared memory that merges take.
  static constexpr int kMaxStatFloats = 4;
  static constexpr int kScratchFloats =
      kMaxStatFloats * std::max(kWarpsN / 2 * kRows, kWarpsM / 2 * kColumns);

  float value[kSlots][kPairs][2];
  int64_t m, n;   // extents of the whole result; elements beyond are undefined
  int64_t split;  // which share of the summation this is

  // thread: among the kThreads that share the tile, and meet at named barrier `barrier`.
  __device__ ResultTile(int64_t rows, int64_t columns, int64_t share, int64_t row_tile,
                        int64_t column_tile, int thread, int barrier, float* scratch)
      : m(rows),
        n(columns),
        split(share),
        row_tile_(row_tile),
        column_tile_(column_tile),
        thread_(thread),
        barrier_(barrier),
        scratch_(scratch) {}

  // In the whole result: the row of a slot, the first column of a pair.
  __device__ int64_t row(int slot) const { return row_tile_ * kRows + tile_row(slot); }
  __device__ int64_t column(int pair) const { return column_tile_ * kColumns + tile_column(pair); }

  // Number of this tile in both directions, where partial results of it belong.
  __device__ int64_t row_tile() const { return row_tile_; }
  __device__ int64_t column_tile() const { return column_tile_; }

  // stat[slot]: of this thread's columns < n. Merged over all columns of the tile, one thread calls
  // write(row, stat) for each row < m. All threads call this together. Stat: a struct of floats
  // with merge(const Stat&).
  template <class Stat, class Write>
  __device__ __forceinline__ void merge_rows(Stat (&stat)[kSlots], const Write& write) {
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
#pragma unroll
      for (int step = 2; step > 0; step /= 2) stat[slot].merge(shuffle_xor(stat[slot], step));
    }
    const bool holds = lane() % 4 == 0;
    merge_warps<kWarpsN, kRows>(stat, warp_n(), holds, [&](int slot) { return tile_row(slot); });
    if (!holds || warp_n() != 0) return;
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      if (row(slot) < m) write(row(slot), stat[slot]);
    }
  }

  // The same for stat[pair][which of the two columns] of this thread's rows < m.
  template <class Stat, class Write>
  __device__ __forceinline__ void merge_columns(Stat (&stat)[kPairs][2], const Write& write) {
    // Eight lanes hold the same columns; each step sends half of them away, until a lane has an
    // eighth, the columns 2 pair + which from `first`.
    constexpr int kShare = 2 * kPairs / 8;
    Stat held[2 * kPairs];
#pragma unroll
    for (int i = 0; i < 2 * kPairs; ++i) held[i] = stat[i / 2][i % 2];
#pragma unroll
    for (int halving = 0; halving < 3; ++halving) {
      const int step = kWarp / 2 >> halving, half = kPairs >> halving;
      const bool upper = (lane() & step) != 0;
#pragma unroll
      for (int i = 0; i < kPairs; ++i) {  // not < half: the compiler unrolls constant counts only
        if (i >= half) continue;
        const Stat sent = upper ? held[i] : held[i + half];
        if (upper) held[i] = held[i + half];
        held[i].merge(shuffle_xor(sent, step));
      }
    }
    Stat share[kShare];
#pragma unroll
    for (int i = 0; i < kShare; ++i) share[i] = held[i];
    const int first = lane() / 4 * kShare;
    const auto column = [&](int i) { return tile_column((first + i) / 2) + (first + i) % 2; };
    merge_warps<kWarpsM, kColumns>(share, warp_m(), true, column);
    if (warp_m() != 0) return;
#pragma unroll
    for (int i = 0; i < kShare; ++i) {
      const int64_t j = column_tile_ * kColumns + column(i);
      if (j < n) write(j, share[i]);
    }
  }

  // The same for one stat of all elements.
  template <class Stat, class Write>
  __device__ __forceinline__ void merge_all(Stat stat, const Write& write) {
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2) stat.merge(shuffle_xor(stat, step));
    Stat all[1] = {stat};
    merge_warps<kWarpsM * kWarpsN, 1>(all, thread_ / kWarp, lane() == 0, [](int) { return 0; });
    if (thread_ == 0) write(all[0]);
  }

 private:
  __device__ int lane() const { return thread_ % kWarp; }
  __device__ int warp_m() const { return thread_ / kWarp / kWarpsN; }
  __device__ int warp_n() const { return thread_ / kWarp % kWarpsN; }
  __device__ int tile_row(int slot) const {
    const int group = slot * 8 / kRowGroup * kWarpsM + warp_m();
    return group * kRowGroup + slot * 8 % kRowGroup + lane() / 4;
  }
  __device__ int tile_column(int pair) const {
    return warp_n() * kWarpColumns + pair * 8 + lane() % 4 * 2;
  }

  // Of the kWarps warps with the same kLines lines, the upper half hands its statistics to the
  // lower, until the first has all.
  template <int kWarps, int kLines, class Stat, int kCount, class Line>
  __device__ __forceinline__ void merge_warps(Stat (&stat)[kCount], int warp, bool holds,
                                              const Line& line) {
    static_assert((kWarps & (kWarps - 1)) == 0 && sizeof(Stat) <= kMaxStatFloats * sizeof(float));
    Stat* const scratch = reinterpret_cast<Stat*>(scratch_);
#pragma unroll
    for (int half = kWarps / 2; half > 0; half /= 2) {
      if (holds && warp >= half && warp < 2 * half) {
#pragma unroll
        for (int i = 0; i < kCount; ++i) scratch[(warp - half) * kLines + line(i)] = stat[i];
      }
      ptx::barrier_sync(barrier_, kThreads);
      if (holds && warp < half) {
#pragma unroll
        for (int i = 0; i < kCount; ++i) stat[i].merge(scratch[warp * kLines + line(i)]);
      }
      ptx::barrier_sync(barrier_, kThreads);
    }
  }

  int64_t row_tile_, column_tile_;
  int thread_, barrier_;
  float* scratch_;
};

}  // namespace sslcuda::cuda
