// own_columns.cuh - columns of each row's own, scored one by one: the row's positive and negatives,
// or in SAMPLED those rows of b that it names. A block takes a row of a, a warp one column of it.
// Forward (count + 1) d elements a row, backward twice that.
#pragma once

#include <device/number.cuh>

#include "kernels/cuda/contrastive/score_gradient.cuh"

namespace sslcuda::cuda {

// Rows as they are multiplied: the caller's, or scaled by a power of two: the caller's row is then
// data[i] scale[i], and that of unit length data[i] factor[i].
template <class T>
struct Vectors {
  const T* data;
  int64_t ld;
  const float* factor;  // or null
  const float* scale;   // or null

  __device__ const T* row(int64_t i) const { return data + i * ld; }
  __device__ float factor_of(int64_t i) const { return factor ? factor[i] : 1.0f; }
};

template <class T>
struct OwnColumns {
  Scores scores;
  Vectors<T> a, b, positives, negatives;
  int64_t count;  // of each row
  float* score;   // [n, count]; -infinity: does not count
  float* slope;   // [n, count]: G, or null

  struct Column {
    int64_t row;  // of b, positives or negatives; -1: none, where an index is wrong
    const T* data;
    float factor;
  };

  __device__ Column column(int64_t i, int64_t k) const {
    const ContrastiveArgs& args = scores.args;
    if (args.indices) {
      const int64_t j = args.indices[i * count + k];
      return j >= 0 && j < args.m ? column_of(b, j) : Column{-1, nullptr, 1.0f};
    }
    if (is_positive(k)) return column_of(positives, i);
    const int64_t first = args.positives ? 1 : 0;
    return column_of(negatives, i * args.negatives_per_row + k - first);
  }
  __device__ static Column column_of(const Vectors<T>& of, int64_t row) {
    return {row, of.row(row), of.factor_of(row)};
  }
  __device__ bool is_positive(int64_t k) const {
    return k == 0 && (scores.args.indices || scores.args.positives);
  }
};

struct OwnTile {
  static constexpr int kThreads = 128;
  static constexpr int kWarps = kThreads / kWarp;
};

// <x, y> by a warp.
template <class T>
__device__ __forceinline__ float warp_dot(const T* x, const T* y, int64_t d) {
  float sum = 0.0f;
  for (int64_t e = threadIdx.x % kWarp; e < d; e += kWarp) sum += to_float(x[e]) * to_float(y[e]);
  return warp_reduce(sum, Sum{});
}

// SAMPLED: is it the same vector as the positive, as the caller stored them?
template <class T>
__device__ __forceinline__ bool is_same_row(const ContrastiveArgs& a, int64_t one, int64_t other) {
  const T* const x = static_cast<const T*>(a.b) + one * a.ldb;
  const T* const y = static_cast<const T*>(a.b) + other * a.ldb;
  float differs = 0.0f;
  for (int64_t e = threadIdx.x % kWarp; e < a.d; e += kWarp) {
    if (to_float(x[e]) != to_float(y[e])) differs = 1.0f;
  }
  return warp_reduce(differs, Max{}) == 0.0f;
}

template <class Tile, class T>
__global__ void __launch_bounds__(Tile::kThreads) own_scores_kernel(const OwnColumns<T> own) {
  const ContrastiveArgs& a = own.scores.args;
  const float scale = load_scale(a.temperature);
  for (int64_t i = blockIdx.x; i < a.n; i += gridDim.x) {
    const float row_scale = scale * own.a.factor_of(i);
    for (int64_t k = threadIdx.x / kWarp; k < own.count; k += Tile::kWarps) {
      const auto column = own.column(i, k);
      float s = NAN;
      if (column.row >= 0) {
        s = warp_dot(own.a.row(i), column.data, a.d) * row_scale * column.factor;
        const int64_t positive = a.indices && k > 0 ? own.column(i, 0).row : -1;
        if (positive >= 0 && is_same_row<T>(a, positive, column.row)) s = -INFINITY;
      }
      if (threadIdx.x % kWarp == 0) own.score[i * own.count + k] = s;
    }
  }
}

// limit[i] = s[i,P] + margin / tau, with s[i,P] = 0 where there is none. A warp takes a row.
template <class Tile, class T>
__global__ void __launch_bounds__(Tile::kThreads)
    row_limit_kernel(const OwnColumns<T> own, float* limit) {
  const ContrastiveArgs& a = own.scores.args;
  const float scale = load_scale(a.temperature);
  const int64_t step = int64_t{gridDim.x} * Tile::kWarps;
  for (int64_t i = int64_t{blockIdx.x} * Tile::kWarps + threadIdx.x / kWarp; i < a.n; i += step) {
    const int64_t j = own.scores.positive(i);
    float s = a.positives ? own.score[i * own.count] : 0.0f;
    if (j >= 0) {
      s = warp_dot(own.a.row(i), own.b.row(j), a.d) * scale * own.a.factor_of(i) *
          own.b.factor_of(j);
      if (a.column_bias) s += a.column_bias[j];
    }
    if (threadIdx.x % kWarp == 0) limit[i] = s + a.margin * scale;
  }
}

// G of the own columns of row i, and the row's sum of G s, by the whole block.
template <class Tile, class T>
__device__ __forceinline__ void make_slopes(const OwnColumns<T>& own, const Side& side, int64_t i,
                                            GradientSums* sums) {
  const float* const score = own.score + i * own.count;
  float* const slope = own.slope + i * own.count;
  float temperature = 0.0f;
  for (int64_t k = threadIdx.x; k < own.count; k += Tile::kThreads) {
    float g = soft(side.shift, side.factor, score[k]);
    if (own.is_positive(k)) g -= side.positive;
    slope[k] = g;
    if (g != 0.0f) temperature += g * score[k];
  }
  // The reduction also lets every thread see the slopes.
  temperature = block_reduce(simt::shared<BlockReduceSmem>(), temperature, Sum{});
  if (threadIdx.x == 0 && sums) sums[i] = {temperature, 0.0f};
}

// Where the gradients of the own columns go; what is null is not wanted.
template <class T>
struct OwnGradient {
  const Side* sides;
  const Rates* rates;
  GradientSums* sums;  // [n]
  int64_t first_row, rows;
  float* grad_a;  // [rows, d], rows ld apart, times the factor of a's row
  int64_t ld;
  bool add;  // to what grad_a holds
  T* grad_positives;
  T* grad_negatives;
};

// grad a[i] += sum_k G[i,k] column k;  grad of column k = G[i,k] a[i], through its normalisation.
template <class Tile, class T>
__global__ void __launch_bounds__(Tile::kThreads)
    own_gradient_kernel(const OwnColumns<T> own, const OwnGradient<T> to) {
  const ContrastiveArgs& a = own.scores.args;
  const float scale = load_scale(a.temperature), rate = to.rates->rate * scale;
  for (int64_t r = blockIdx.x; r < to.rows; r += gridDim.x) {
    const int64_t i = to.first_row + r;
    make_slopes<Tile>(own, to.sides[i], i, to.sums);
    const float* const slope = own.slope + i * own.count;
    const T* const row = own.a.row(i);
    const float factor = own.a.factor_of(i);
    for (int64_t e = threadIdx.x; e < a.d; e += Tile::kThreads) {
      float sum = 0.0f;
      for (int64_t k = 0; k < own.count; ++k) {
        const auto column = own.column(i, k);
        const float unit = column.row >= 0 ? column.factor * to_float(column.data[e]) : NAN;
        if (slope[k] != 0.0f) sum += slope[k] * unit;  // what does not count may hold NaN
        const bool in_positives = own.is_positive(k);
        T* const grad = in_positives ? to.grad_positives : to.grad_negatives;
        if (!grad) continue;
        float g = rate * slope[k] * factor * to_float(row[e]);
        if (a.normalize) {
          const float cosine = own.score[i * own.count + k] / scale;
          const float* const scales = in_positives ? own.positives.scale : own.negatives.scale;
          g = (g - rate * slope[k] * cosine * unit) * column.factor / scales[column.row];
        }
        grad[column.row * (in_positives ? a.ld_positives : a.d) + e] = from_float<T>(g);
      }
      if (!to.grad_a) continue;
      float* const grad_a = to.grad_a + r * to.ld + e;
      *grad_a = (to.add ? *grad_a : 0.0f) + rate * factor * sum;
    }
  }
}

// SAMPLED: a wave of rows of G, nearly all zeros. A column that is named twice gets the sum.
template <class Tile, class T>
__global__ void __launch_bounds__(Tile::kThreads)
    sampled_gradient_kernel(const OwnColumns<T> own, const GradientWave wave) {
  const ContrastiveArgs& a = own.scores.args;
  for (int64_t r = blockIdx.x; r < wave.block.rows; r += gridDim.x) {
    const int64_t i = wave.block.first_row + r;
    T* const g = static_cast<T*>(wave.g) + r * wave.ldg;
    const int64_t* const index = a.indices + i * own.count;
    const float* const slope = own.slope + i * own.count;
    for (int64_t j = threadIdx.x; j < a.m; j += Tile::kThreads) g[j] = from_float<T>(0.0f);
    make_slopes<Tile>(own, wave.row_sides[i], i, nullptr);  // after it the zeros are there
    const float factor = wave.rates->unit * own.a.factor_of(i);
    for (int64_t k = threadIdx.x; k < own.count; k += Tile::kThreads) {
      const int64_t j = own.column(i, k).row;
      if (j < 0) continue;
      float sum = slope[k];
      bool is_first = true;
      for (int64_t other = 0; other < own.count; ++other) {
        if (other == k || index[other] != j) continue;
        is_first = is_first && other > k;
        sum += slope[other];
      }
      if (is_first) g[j] = from_float<T>(sum * factor * own.b.factor_of(j));
    }
  }
}

}  // namespace sslcuda::cuda
