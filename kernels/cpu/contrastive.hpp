// contrastive.hpp - what the files of the contrastive op share.
//   s[i,j] = scale <a[i], b[j]> (+ column_bias[j]),  scale = 1 / tau
// contrastive.cpp passes over blocks of rows: scores, statistics, G = dL/ds, products with G.
// contrastive_work.cpp prepares what is known before any score; contrastive_rows.cpp is what
// happens to a row of scores, kind by kind; contrastive_columns.cpp to a column in CLIP;
// contrastive_own.cpp to the columns that only one row has.
#pragma once

#include "kernels/cpu/operands.hpp"
#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {

// A row has scores of `dense` columns that all rows share, made by a matrix product, then of `own`
// columns of the row alone: its positive, its negatives, or its samples.
struct Width {
  int64_t dense, own;
  int64_t total() const { return dense + own; }
};

// What a row tells once its scores are there. Where it does not count, loss and temperature are 0.
struct RowResult {
  double lse;       // of this part
  double positive;  // mean of s over P
  double loss;      // in CLIP its half of the row
  double entropy;
  double temperature;  // sum_j G s, s without column_bias
  double bias;         // sum_j G
  bool hit;            // is the best column a positive?
};

// Over exp(s - max): their sum, and their sum weighted with s - max. As rows.hpp, of columns.
struct ColumnStatistics {
  float *max, *sum, *weighted;  // [m]
};

// Labels by number: columns with the same label have the same number, rows that of their columns,
// or -1.
struct Numbers {
  int32_t *row, *column;  // null: not given
};

// Everything the passes work with.
struct ContrastiveWork {
  // With an arena that only counts, only the layout.
  ContrastiveWork(const ContrastiveArgs& arguments, Arena& arena);

  const ContrastiveArgs& args;
  const Rows rows_of_a, rows_of_b;
  const bool two_sided;     // G needs the columns' log-sum-exps: CLIP
  const bool has_products;  // is anything wanted that is made of all of G?
  const bool needs_g;
  const Width width;
  const int64_t ld;       // of scores
  int64_t block, pieces;  // rows scored at a time, and in how many pieces they are worked on

  Operand a, b;
  Gathered grad_a, grad_b;  // the same where the sum of both goes to grad_a
  float* scores;            // [block, width], rows ld apart
  float* exps;              // [pieces, ld]
  float* own_rows;          // [pieces, 2, d]: one row of `own` columns, and its gradient
  RowResult* results;       // [n]
  float* row_scale;         // [n]: what the gradient of row_loss[i] is multiplied with
  float* column_scale;      // [m]: of the loss of column j, in CLIP
  float* column_lse;        // [m]: CLIP
  float* diagonal;          // [m]: s[j,j] as a margin's origin, CLIP; infinity where it is not here
  ColumnStatistics columns;
  Numbers classes, ids;
  int32_t* positives = nullptr;  // [n]: how many, where they are classes

  float scale = 1;
  bool scale_is_limited = false;
  double weight_sum = 0;  // of the rows that count
  int64_t counted = 0;

  // Both log-sum-exps may be given, and what else the first pass finds out not be wanted.
  bool needs_statistics() const {
    return !args.given_row_lse || !args.given_column_lse || args.grad_temperature;
  }
  bool self_is_no_column() const { return args.kind == ContrastiveKind::kNtXent || has_classes(); }
  bool has_classes() const {
    return args.kind == ContrastiveKind::kSupCon || args.kind == ContrastiveKind::kSupConIn;
  }
  // Where in a row of scores its single positive is; -1: in another part, or nowhere.
  int64_t positive_column(int64_t i) const;
  // The column at the same place in the whole matrix as row i; -1: in another part.
  int64_t own_column(int64_t i) const { return in_part(args.first_row + i); }
  int64_t in_part(int64_t column) const {
    const int64_t j = column - args.first_column;
    return j >= 0 && j < args.m ? j : -1;
  }
  bool is_ignored(int64_t i) const { return args.labels && args.labels[i] == args.ignore_index; }
  bool counts(int64_t i) const;
};

// contrastive_rows.cpp

// Scores of pairs that do not count become -infinity, but for margins.
void exclude_pairs(const ContrastiveWork& w, int64_t i, float* s, float* scratch);
// Reads a row of scores, and turns it into a row of G if gradients are wanted; exps is scratch.
RowResult finish_row(const ContrastiveWork& w, int64_t i, float* s, float* exps);
// G of CLIP, once all log-sum-exps are known.
void two_sided_gradient(const ContrastiveWork& w, int64_t i, float* s);

// contrastive_sigmoid.cpp

// finish_row() of SIGLIP.
RowResult finish_sigmoid_row(const ContrastiveWork& w, int64_t i, float* s, float* scratch);

// contrastive_columns.cpp

void clear_columns(const ContrastiveWork& w);
// Adds `rows` rows of scores to the statistics of the columns.
void add_to_columns(const ContrastiveWork& w, int64_t rows, const float* s);
// When all rows have been added: column_lse; adds the columns' share to the losses and to the sum
// of G s, which it returns.
double finish_columns(const ContrastiveWork& w);

// contrastive_own.cpp

void score_own(const ContrastiveWork& w, int64_t i, float* scratch, float* s);
// From row i of G: adds to grad_a, writes grad_positives and grad_negatives.
void own_gradients(const ContrastiveWork& w, int64_t i, const float* g, float* scratch);
// Adds a block's share to the gradient of the sampled rows of b.
void scatter_samples(const ContrastiveWork& w, int64_t first, int64_t rows, const float* g);

}  // namespace sslcuda::cpu
