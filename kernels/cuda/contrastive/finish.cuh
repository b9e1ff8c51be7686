// finish.cuh - from statistics of rows and columns to losses, and to what G needs of each row and
// column:
//   G[i,j] = soft(row i) + soft(column j) - uniform - [j in P(i)] (positive(i) + positive(j)),
//   soft = factor exp(s[i,j] - shift), in units of 1 / total weight (or of row losses)
// A thread takes a row, and in CLIP the column of the same number. O(n + m) bytes.
#pragma once

#include "kernels/cuda/contrastive/statistics.cuh"

namespace sslcuda::cuda {

// A row's, or column's, part in G.
struct alignas(16) Side {
  float shift, factor, positive, uniform;
};

// In SUPCON_IN: positive = factor exp(s - shift).
struct alignas(8) Within {
  float shift, factor;
};

// A row that does not count may hold NaN.
__device__ __forceinline__ float soft(float shift, float factor, float s) {
  return factor == 0.0f ? 0.0f : factor * exp_of(s - shift);
}

struct RowTotals {
  float weight = 0.0f, loss = 0.0f, hits = 0.0f, counted = 0.0f, largest = 0.0f;
};

// Device scalars that follow from the totals. The stored G is G unit; products with it, divided by
// `divisor`, are gradients, and so are sums of the unstored G times `rate`.
struct Rates {
  float unit, divisor, rate;
};

// What float16 keeps of G reaches from 2^-24 to 2^15: most of it is far below 1.
constexpr float headroom(DType dtype) { return dtype == DType::kF16 ? 256.0f : 1.0f; }

struct FinishRows {
  Scores scores;
  const LogSumExp* row_lse;  // [n]; or row_statistics; or neither, where no b is scored
  const RowStatistics* row_statistics;
  const PositiveStatistics* positives;  // [n] in SUPCON and SUPCON_IN
  const LogSumExp* column_lse;          // [m] in CLIP
  const float* positive;                // [n]
  const float* own;                     // [n, own_columns]: scores of a row's own columns
  int64_t own_columns;
  Side* rows;     // [n] or null
  Side* columns;  // [m] in CLIP
  Within* within;
  RowTotals* totals;  // [blocks]
  Rates* rates;
};

struct FinishTile {
  static constexpr int kThreads = 256;
};

struct RowSummary {
  RowStatistics statistics;
  PositiveStatistics positives;
  float positive = 0.0f;  // score, or mean of scores
};

__device__ __forceinline__ RowSummary summarise(const FinishRows& f, int64_t i) {
  const ContrastiveArgs& a = f.scores.args;
  RowSummary row;
  if (f.row_lse) row.statistics.all = f.row_lse[i];
  if (f.row_statistics) row.statistics = f.row_statistics[i];
  const float* const own = f.own + i * f.own_columns;
  for (int64_t k = 0; k < f.own_columns; ++k) {
    if (own[k] != -INFINITY) row.statistics.merge({{own[k], 1.0f}, 0.0f, own[k]});
  }
  if (f.positives) {
    row.positives = f.positives[i];
    if (row.positives.count > 0.0f) row.positive = row.positives.total / row.positives.count;
  } else if (a.positives || a.indices) {
    row.positive = own[0];
  } else if (f.scores.is_label_wrong(i)) {
    row.positive = NAN;
  } else if (f.positive && f.scores.positive(i) >= 0) {
    row.positive = f.positive[i];
  }
  return row;
}

__device__ __forceinline__ float row_loss_of(const FinishRows& f, int64_t i,
                                             const RowSummary& row) {
  const ContrastiveArgs& a = f.scores.args;
  const LogSumExp& all = row.statistics.all;
  if (a.kind == ContrastiveKind::kSigLip) return row.statistics.total;
  if (a.kind == ContrastiveKind::kSupConIn) {
    const LogSumExp& within = row.positives.all;
    return (all.max - within.max) + logf(all.sum) - logf(within.sum) + logf(row.positives.count);
  }
  float loss = all.minus(row.positive);
  if (a.kind == ContrastiveKind::kClip) {
    return 0.5f * (loss + f.column_lse[i].minus(row.positive));
  }
  if (a.smoothing > 0.0f) {
    const float mean = row.statistics.total / static_cast<float>(a.m);
    loss += a.smoothing * (row.positive - mean);
  }
  if (a.z_loss > 0.0f) {
    const float lse = all.minus(0.0f);
    loss += a.z_loss * lse * lse;
  }
  return loss;
}

// sum_j p log(1 / p); 0 of no columns
__device__ __forceinline__ float entropy_of(const RowStatistics& row) {
  if (row.all.sum == 0.0f) return 0.0f;
  return logf(row.all.sum) - row.weighted / row.all.sum;
}

__device__ __forceinline__ bool row_counts(const FinishRows& f, int64_t i, const RowSummary& row) {
  if (f.scores.weight(i) == 0.0f) return false;
  return !has_classes(f.scores.args.kind) || row.positives.count > 0.0f;
}

// What the row's loss is multiplied with before G is taken, but for Rates.
__device__ __forceinline__ float upstream(const FinishRows& f, int64_t i) {
  const ContrastiveArgs& a = f.scores.args;
  if (f.scores.is_label_wrong(i)) return NAN;
  return a.grad_row_loss ? a.grad_row_loss[i] : f.scores.weight(i);
}

// The log-sum-exp that G is relative to.
__device__ __forceinline__ LogSumExp gradient_lse(const ContrastiveArgs& a, int64_t i,
                                                  const RowSummary& row) {
  return a.given_row_lse ? LogSumExp{a.given_row_lse[i], 1.0f} : row.statistics.all;
}

// z_loss pulls on the log-sum-exp itself, with this part more.
__device__ __forceinline__ float lse_factor(const ContrastiveArgs& a, const LogSumExp& lse) {
  return a.z_loss > 0.0f ? 1.0f + 2.0f * a.z_loss * lse.minus(0.0f) : 1.0f;
}

__device__ __forceinline__ Side side_of(const LogSumExp& lse, float v) {
  // exp(s - infinity) is 0, whatever the score.
  return v == 0.0f ? Side{INFINITY, 0.0f, 0.0f, 0.0f} : Side{lse.max, v / lse.sum, v, 0.0f};
}

__device__ __forceinline__ Side row_side(const FinishRows& f, int64_t i, float v,
                                         const RowSummary& row) {
  const ContrastiveArgs& a = f.scores.args;
  if (a.kind == ContrastiveKind::kSigLip) return {0.0f, v, v, 0.0f};
  const LogSumExp lse = gradient_lse(a, i, row);
  if (a.kind == ContrastiveKind::kClip) return side_of(lse, 0.5f * v);
  Side side = side_of(lse, v);
  if (v == 0.0f) return side;
  if (a.kind == ContrastiveKind::kSupCon) side.positive /= row.positives.count;
  if (a.kind == ContrastiveKind::kSupConIn) side.positive = 0.0f;
  if (a.smoothing > 0.0f) {
    side.positive *= 1.0f - a.smoothing;
    side.uniform = v * a.smoothing / static_cast<float>(a.m);
  }
  side.factor *= lse_factor(a, lse);
  return side;
}

// CLIP: column j has the weight of the row at its place, and 1 where that row is in another part.
__device__ __forceinline__ void finish_column(const FinishRows& f, int64_t j) {
  const ContrastiveArgs& a = f.scores.args;
  const LogSumExp lse =
      a.given_column_lse ? LogSumExp{a.given_column_lse[j], 1.0f} : f.column_lse[j];
  if (a.column_lse) a.column_lse[j] = lse.minus(0.0f);
  if (!f.columns) return;
  const int64_t i = j - f.scores.offset();
  const bool is_here = i >= 0 && i < a.n;
  f.columns[j] = side_of(lse, 0.5f * (is_here ? upstream(f, i) : 1.0f));
}

__device__ __forceinline__ RowTotals finish_row(const FinishRows& f, int64_t i) {
  const ContrastiveArgs& a = f.scores.args;
  const RowSummary row = summarise(f, i);
  const LogSumExp& all = row.statistics.all;
  if (a.row_lse) a.row_lse[i] = all.minus(0.0f);
  if (a.row_positive) a.row_positive[i] = row.positive;
  if (a.row_entropy) a.row_entropy[i] = entropy_of(row.statistics);
  const bool counts = row_counts(f, i, row);
  const bool wants_loss = a.loss || a.row_loss;
  const float loss = counts && wants_loss ? row_loss_of(f, i, row) : 0.0f;
  if (a.row_loss) a.row_loss[i] = loss;
  const float v = counts ? upstream(f, i) : 0.0f;
  if (f.rows) f.rows[i] = row_side(f, i, v, row);
  if (f.within) {
    const LogSumExp& within = row.positives.all;
    f.within[i] = v == 0.0f ? Within{0.0f, 0.0f} : Within{within.max, v / within.sum};
  }
  if (!counts) return {};
  const float best = f.positives ? row.positives.all.max : row.positive;
  const float weight = f.scores.weight(i);
  const float size = fabsf(v) * fmaxf(fabsf(lse_factor(a, gradient_lse(a, i, row))), 1.0f);
  return {weight, weight * loss, best >= all.max ? 1.0f : 0.0f, 1.0f,
          size < INFINITY ? size : 0.0f};
}

// Every thread gets the result.
__device__ __forceinline__ RowTotals block_totals(BlockReduceSmem& smem, const RowTotals& t) {
  return {block_reduce(smem, t.weight, Sum{}), block_reduce(smem, t.loss, Sum{}),
          block_reduce(smem, t.hits, Sum{}), block_reduce(smem, t.counted, Sum{}),
          block_reduce(smem, t.largest, Max{})};
}

// By one thread, when all rows are finished.
__device__ __forceinline__ void conclude(const FinishRows& f, const RowTotals& totals) {
  const ContrastiveArgs& a = f.scores.args;
  const float weight = a.mean_over_total ? static_cast<float>(a.total_rows) : totals.weight;
  const float mean = weight > 0.0f ? 1.0f / weight : 0.0f;
  if (a.loss) *a.loss = weight > 0.0f ? totals.loss / weight : 0.0f;
  if (a.top1) *a.top1 = totals.counted > 0.0f ? totals.hits / totals.counted : 0.0f;
  if (!f.rates) return;
  const float largest = totals.largest > 0.0f ? totals.largest : 1.0f;
  const float unit = headroom(a.dtype) / largest;
  const float rate = load_or(a.grad_loss, 1.0f) * (a.grad_row_loss ? 1.0f : mean);
  *f.rates = {unit, unit / (rate * load_scale(a.temperature)), rate};
}

// A single block concludes at once.
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) finish_kernel(const FinishRows f) {
  const int64_t i = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x;
  if (f.scores.args.kind == ContrastiveKind::kClip && i < f.scores.args.m) finish_column(f, i);
  const RowTotals of_row = i < f.scores.args.n ? finish_row(f, i) : RowTotals{};
  const RowTotals totals = block_totals(simt::shared<BlockReduceSmem>(), of_row);
  if (threadIdx.x != 0) return;
  if (gridDim.x == 1) {
    conclude(f, totals);
  } else {
    f.totals[blockIdx.x] = totals;
  }
}

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    conclude_kernel(const FinishRows f, int64_t blocks) {
  RowTotals sum;
  for (int64_t b = threadIdx.x; b < blocks; b += Tile::kThreads) {
    const RowTotals& of_block = f.totals[b];
    sum.weight += of_block.weight;
    sum.loss += of_block.loss;
    sum.hits += of_block.hits;
    sum.counted += of_block.counted;
    sum.largest = fmaxf(sum.largest, of_block.largest);
  }
  sum = block_totals(simt::shared<BlockReduceSmem>(), sum);
  if (threadIdx.x == 0) conclude(f, sum);
}

}  // namespace sslcuda::cuda
