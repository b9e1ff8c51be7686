// contrastive_workspace.hpp - where a call of the contrastive family keeps what it makes. Arrays
// that grow with n + m come first; those of a wave of statistics and of a block of G share the
// rest.
#pragma once

#include <device/launch.hpp>

#include "kernels/cuda/contrastive/contrastive_plan.hpp"
#include "kernels/cuda/contrastive/own_columns.cuh"
#include "kernels/cuda/gemm/gemm.hpp"

namespace sslcuda::cuda {

// Rows as they are multiplied: the caller's, or scaled by powers of two in the workspace
// (l2_normalize.hpp).
struct Rows {
  const void* data;
  int64_t ld;
  void* scaled;    // null: the caller's are taken
  float* factors;  // [n], 1 / |row|
  float* scales;   // [n]: the caller's row is `scaled` times it
};

struct ContrastiveWorkspace {
  ContrastiveWorkspace(const ContrastiveArgs& args, void* base);

  ContrastivePlan plan;
  Rows a, b, positives, negatives;
  float *own_scores, *own_slopes, *row_limit;

  LogSumExp* row_lse;  // [n]: or row_statistics
  RowStatistics* row_statistics;
  PositiveStatistics* row_positives;
  LogSumExp* column_lse;  // [m]
  float* positive;        // [n]

  Side *row_sides, *column_sides;
  Within* within;
  RowTotals* totals;
  Rates* rates;
  GradientSums *row_sums, *own_sums;  // [n]
  TotalStat* column_sums;             // [m]
  float* gathered_b;                  // [m, d]

  // Of a wave, or block: [tiles, rows] and [tiles, columns]
  LogSumExp* partial_row_lse;
  RowStatistics* partial_row_statistics;
  PositiveStatistics* partial_positives;
  LogSumExp* partial_column_lse;

  void* g;  // [rows, columns], rows ldg apart
  GradientSums* partial_row_sums;
  TotalStat* partial_column_sums;
  float* gathered_a;  // [rows, d]
  void* product;

  size_t used;

  // Products of a block: scores, and what it adds to the gradients with respect to a and b.
  Product scores_product(const ContrastiveArgs& args, const ScoreBlock& block) const;
  Product grad_a_product(const ContrastiveArgs& args, const ScoreBlock& block) const;
  Product grad_b_product(const ContrastiveArgs& args, const ScoreBlock& block) const;

 private:
  void lay_out_rows(WorkspaceLayout& layout, const ContrastiveArgs& args);
  void lay_out_lines(WorkspaceLayout& layout, const ContrastiveArgs& args);
  void lay_out_statistics_wave(WorkspaceLayout& layout, const ContrastiveArgs& args);
  void lay_out_gradient_block(WorkspaceLayout& layout, const ContrastiveArgs& args);
  int64_t product_bytes(const ContrastiveArgs& args) const;
};

}  // namespace sslcuda::cuda
