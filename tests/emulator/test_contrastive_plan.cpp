// test_contrastive_plan.cpp - the waves and blocks that a call of the contrastive family is planned
// in, for workspace limits from none to all: every score is in one, and what it stores fits.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/contrastive/contrastive_plan.hpp"
#include "kernels/cuda/contrastive/score_gradient.cuh"
#include "kernels/cuda/contrastive/statistics.cuh"

namespace sslcuda::cuda {
namespace {

constexpr ContrastiveKind kKinds[] = {ContrastiveKind::kInfoNce,  ContrastiveKind::kClip,
                                      ContrastiveKind::kNtXent,   ContrastiveKind::kSupCon,
                                      ContrastiveKind::kSupConIn, ContrastiveKind::kSigLip,
                                      ContrastiveKind::kSampled};
constexpr DType kDTypes[] = {DType::kF32, DType::kBf16, DType::kF16, DType::kTf32};

bool is_within_a(ContrastiveKind kind) {
  return kind == ContrastiveKind::kNtXent || has_classes(kind);
}

// A call that wants all that its kind has.
ContrastiveArgs call_of(ContrastiveKind kind, DType dtype, int64_t n, int64_t m, bool normalize) {
  static float there;
  ContrastiveArgs a{};
  a.kind = kind, a.dtype = dtype, a.normalize = normalize, a.self = is_within_a(kind);
  a.n = n, a.m = a.self ? n : m, a.d = 20;
  a.a = a.b = &there;
  a.sampled = kind == ContrastiveKind::kSampled ? 6 : 0;
  a.loss = a.row_loss = a.grad_temperature = &there;
  a.grad_a = &there;
  a.grad_b = a.self ? nullptr : &there;
  if (kind == ContrastiveKind::kInfoNce) a.grad_column_bias = a.row_entropy = &there;
  if (kind == ContrastiveKind::kSigLip) a.grad_bias = &there;
  return a;
}

std::vector<ContrastiveArgs> calls_of(int64_t n, int64_t m) {
  std::vector<ContrastiveArgs> calls;
  for (const ContrastiveKind kind : kKinds) {
    for (const DType dtype : kDTypes) {
      for (const bool normalize : {false, true}) {
        calls.push_back(call_of(kind, dtype, n, m, normalize));
      }
    }
  }
  return calls;
}

// Partial results of each tile's rows, and of each row tile's columns.
int64_t statistics_bytes(const ContrastiveArgs& a, const ContrastivePlan& plan, int64_t rows) {
  size_t of_row = plan.full_statistics ? sizeof(RowStatistics) : sizeof(LogSumExp);
  if (has_classes(a.kind)) of_row += sizeof(PositiveStatistics);
  const size_t of_column = plan.column_lse ? sizeof(LogSumExp) : 0;
  return ceil_div(a.m, kLeastTile) * rows * of_row + ceil_div(rows, kLeastTile) * a.m * of_column;
}

// G of a block, and sums of it as above.
int64_t block_bytes(const ContrastiveArgs& a, const ContrastivePlan& plan, int64_t rows,
                    int64_t columns) {
  const size_t of_row = plan.row_sums ? sizeof(GradientSums) : 0;
  const size_t of_column = a.grad_column_bias ? sizeof(TotalStat) : 0;
  return rows * ceil_div(columns, 8) * 8 * element_size(a.dtype) +
         ceil_div(columns, kLeastTile) * rows * of_row +
         ceil_div(rows, kLeastTile) * columns * of_column;
}

// What the limit does not count grows with n + m only: a last row tile's share of the columns.
int64_t uncounted_bytes(const ContrastiveArgs& a) { return a.m * sizeof(LogSumExp); }

// Waves of that many rows, one behind the other, have every row once.
void expect_each_row_once(int64_t n, int64_t wave) {
  ASSERT_GT(wave, 0);
  int64_t next = 0;
  for (int64_t first = 0; first < n; first += wave) {
    ASSERT_EQ(first, next);
    next = first + std::min(wave, n - first);
    // The next one starts at a tile.
    ASSERT_TRUE(next == n || next % kLeastTile == 0) << next;
  }
  EXPECT_EQ(next, n);
}

template <class Bytes>
void expect_wave(const ContrastiveArgs& a, int64_t wave, const Bytes& bytes) {
  expect_each_row_once(a.n, wave);
  const int64_t least = std::min(a.n, kLeastTile);
  const auto limit = static_cast<int64_t>(std::min<size_t>(a.workspace_limit, INT64_MAX / 2));
  if (bytes(least) > limit) {
    EXPECT_LE(wave, least) << "although " << limit << " bytes are too few for " << least << " rows";
  } else {
    EXPECT_LE(bytes(wave), limit + uncounted_bytes(a));
  }
  // In fewer waves they would not fit, by the share of a column's result that counts for each row.
  const int64_t waves = ceil_div(a.n, wave);
  if (waves == 1) return;
  const int64_t tiles = ceil_div(ceil_div(a.n, waves - 1), kLeastTile);
  const int64_t longer = std::min(a.n, tiles * kLeastTile);
  const auto column_shares = longer * static_cast<int64_t>(sizeof(LogSumExp));
  EXPECT_GT(bytes(longer) + column_shares, limit) << "in " << waves - 1 << " waves";
}

// Whole rows if many of them fit; else both sides are long, as far as the limit allows.
void expect_block(const ContrastiveArgs& a, const ContrastivePlan& plan) {
  const int64_t rows = plan.gradient_rows, columns = plan.gradient_columns;
  expect_each_row_once(a.n, rows);
  if (a.m > 0) expect_each_row_once(a.m, columns);
  const auto limit = static_cast<int64_t>(std::min<size_t>(a.workspace_limit, INT64_MAX / 2));
  const int64_t bytes = block_bytes(a, plan, rows, columns);
  const bool is_least = rows <= kLeastTile && (columns <= kLeastTile || !plan.multiplies);
  if (!is_least) {
    EXPECT_LE(bytes, limit + uncounted_bytes(a));
  }
  if (plan.multiplies && 2 * block_bytes(a, plan, std::min(a.n, kBlockSide), a.m) <= limit) {
    EXPECT_EQ(columns, a.m);
    EXPECT_GE(2 * rows, std::min(a.n, kBlockSide));
  }
  if (columns == a.m || is_least) return;
  // A row too many for even shares, and the step from one number of tiles to the next.
  EXPECT_LE(rows, 4 * columns + kLeastTile) << columns << " columns";
  EXPECT_GT(8 * bytes, limit) << rows << " x " << columns;
}

void expect_plan(ContrastiveArgs a, size_t limit) {
  a.workspace_limit = limit;
  const ContrastivePlan plan(a);
  SCOPED_TRACE("kind " + std::to_string(static_cast<int>(a.kind)) + " dtype " +
               std::to_string(static_cast<int>(a.dtype)) + ", " + std::to_string(a.n) + " x " +
               std::to_string(a.m) + ", limit " + std::to_string(limit));
  expect_wave(a, plan.statistics_rows, [&](int64_t n) { return statistics_bytes(a, plan, n); });
  expect_block(a, plan);
}

constexpr int64_t kSizes[] = {1, 63, 64, 65, 127, 129, 1000, 4099};

TEST(ContrastivePlan, EveryRowOnceAndWithinTheLimit) {
  for (const int64_t n : kSizes) {
    for (const int64_t m : kSizes) {
      for (const ContrastiveArgs& a : calls_of(n, m)) {
        for (size_t limit = 1; limit < size_t{1} << 28; limit += limit / 3 + 1) {
          expect_plan(a, limit);
        }
      }
    }
  }
}

// A byte more or less than what waves of whole tiles need.
TEST(ContrastivePlan, LimitsAtTheEdge) {
  for (const ContrastiveArgs& a : calls_of(4099, 1000)) {
    const ContrastivePlan plan(a);
    for (int64_t rows = kLeastTile; rows < a.n + kLeastTile; rows += kLeastTile) {
      for (const int64_t bytes :
           {statistics_bytes(a, plan, rows), block_bytes(a, plan, rows, a.m)}) {
        for (const int64_t step : {-1, 0, 1}) expect_plan(a, static_cast<size_t>(bytes + step));
      }
    }
  }
}

TEST(ContrastivePlan, NoLimitIsOneWave) {
  for (const ContrastiveArgs& a : calls_of(4099, 1000)) {
    for (const size_t limit : {size_t{1} << 40, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX}) {
      ContrastiveArgs unlimited = a;
      unlimited.workspace_limit = limit;
      const ContrastivePlan plan(unlimited);
      EXPECT_EQ(plan.statistics_rows, a.n) << limit;
      EXPECT_EQ(plan.gradient_rows, a.n) << limit;
      EXPECT_EQ(plan.gradient_columns, a.m) << limit;
    }
  }
}

// Where the default limit leaves whole rows to few at a time, blocks are as long as they are wide.
TEST(ContrastivePlan, ManyColumnsMakeBlocks) {
  struct Case {
    int64_t n, m, rows, columns;
  };
  for (const Case& c : {Case{8192, 8192, 4096, 8192},
                        {32768, 32768, 4096, 8192},
                        {131072, 131072, 4096, 8192},
                        {1000, 1 << 20, 1000, 32768}}) {
    ContrastiveArgs a = call_of(ContrastiveKind::kClip, DType::kBf16, c.n, c.m, true);
    a.grad_temperature = nullptr;
    a.workspace_limit = kDefaultWorkspaceLimit;
    const ContrastivePlan plan(a);
    EXPECT_EQ(plan.gradient_rows, c.rows) << c.m;
    EXPECT_EQ(plan.gradient_columns, c.columns) << c.m;
    EXPECT_EQ(plan.ldg, c.columns);
    EXPECT_TRUE(plan.gathers_a && plan.gathers_b);
  }
}

// The scores of 2^32 x 2^32 pairs are counted without a wrap.
TEST(ContrastivePlan, MoreRowsThan32BitsCount) {
  constexpr int64_t kMany = (int64_t{1} << 32) + 5;
  for (const ContrastiveArgs& a : calls_of(kMany, kMany)) {
    for (const size_t limit : {size_t{1} << 50, size_t{1} << 56}) expect_plan(a, limit);
  }
}

}  // namespace
}  // namespace sslcuda::cuda
