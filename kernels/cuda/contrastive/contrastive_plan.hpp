// contrastive_plan.hpp - what a call of the contrastive family has to do, and in how many rows at a
// time, from its arguments alone.
//
// Scores of all rows would be an n x m matrix. They are made in waves of rows instead: once for the
// statistics, of which a tile of scores leaves a few numbers per row and column, and once more for
// G, the gradient with respect to the scores, of which a wave is stored.
#pragma once

#include <algorithm>

#include "kernels/args.hpp"
#include "kernels/math.hpp"

namespace sslcuda::cuda {

// The positives of a row are those of its class.
constexpr bool has_classes(ContrastiveKind kind) {
  return kind == ContrastiveKind::kSupCon || kind == ContrastiveKind::kSupConIn;
}

// Has every element of G a part that belongs to its row, and one that belongs to its column?
constexpr bool is_two_sided(const ContrastiveArgs& a) {
  return a.self || a.kind == ContrastiveKind::kClip;
}

// Tiles of scores, by either main loop, have so many rows and columns or more.
constexpr int64_t kLeastTile = 64;

// So many rows that `bytes_per_row` for each fit the limit, in waves of about the same length.
constexpr int64_t wave_rows(int64_t n, int64_t bytes_per_row, size_t limit) {
  const size_t fitting = limit / static_cast<size_t>(std::max<int64_t>(bytes_per_row, 1));
  if (fitting >= static_cast<size_t>(n)) return n;
  const int64_t tiles = std::max<int64_t>(static_cast<int64_t>(fitting) / kLeastTile, 1);
  const int64_t most = tiles * kLeastTile;
  const int64_t waves = ceil_div(n, most);
  return std::min(n, ceil_div(ceil_div(n, waves), kLeastTile) * kLeastTile);
}

struct ContrastivePlan {
  explicit constexpr ContrastivePlan(const ContrastiveArgs& a) {
    const bool is_sampled = a.kind == ContrastiveKind::kSampled;
    const bool is_siglip = a.kind == ContrastiveKind::kSigLip;
    const bool is_clip = a.kind == ContrastiveKind::kClip;
    const bool names_pairs = a.row_ids || a.mask || a.margin > 0.0f;
    multiplies = !is_sampled && a.m > 0;
    own_columns = is_sampled ? a.sampled : (a.positives ? 1 : 0) + a.negatives_per_row;

    // Given log-sum-exps make statistics needless, but for what is known of positives in classes.
    column_lse = multiplies && is_clip && !a.given_column_lse;
    const bool row_statistics =
        is_siglip ? a.loss || a.row_loss : !a.given_row_lse || has_classes(a.kind);
    statistics = multiplies && (row_statistics || column_lse);
    full_statistics =
        names_pairs || has_classes(a.kind) || is_siglip || a.row_entropy || a.smoothing > 0.0f;

    const bool wants_rows = a.grad_a || a.grad_b;
    row_sums = a.grad_temperature || a.grad_bias;
    scores_gradient = (multiplies || is_sampled) && (wants_rows || row_sums || a.grad_column_bias);
    own_gradient = !is_sampled && own_columns > 0 &&
                   (a.grad_a || a.grad_positives || a.grad_negatives || a.grad_temperature);
    full_gradient = names_pairs || has_classes(a.kind) || is_siglip || a.grad_column_bias;

    const bool is_float = element_size(a.dtype) == sizeof(float);
    gathers_a = a.grad_a && !is_float && (a.normalize || own_gradient);
    ldg = ceil_div(a.m, 8) * 8;  // copies of the sm_90a loop want rows at 16 bytes
    set_waves(a);
    const bool one_wave = gradient_rows == a.n;
    gathers_b = a.grad_b && a.m > 0 && !is_float && (a.normalize || !one_wave);
  }

  bool multiplies;      // b is scored by products with it
  int64_t own_columns;  // of each row, scored one by one
  bool statistics, full_statistics, column_lse;
  bool scores_gradient, full_gradient, row_sums;
  bool own_gradient;
  bool gathers_a, gathers_b;               // gradients are had in float32 first
  int64_t ldg;                             // of G
  int64_t statistics_rows, gradient_rows;  // of a wave

 private:
  constexpr void set_waves(const ContrastiveArgs& a) {
    const int64_t column_tiles = ceil_div(a.m, kLeastTile);
    // Partial results of a row in each tile, and of each column in a row's share of a tile.
    constexpr int64_t kLse = 8, kRowStatistics = 16, kPositives = 16, kRowSums = 8, kColumnSum = 4;
    const int64_t of_row = full_statistics ? kRowStatistics : kLse;
    const int64_t of_positives = has_classes(a.kind) ? kPositives : 0;
    const int64_t of_columns = column_lse ? column_tiles * kLse : 0;
    statistics_rows =
        wave_rows(a.n, column_tiles * (of_row + of_positives) + of_columns, a.workspace_limit);
    const int64_t of_sums = row_sums ? column_tiles * kRowSums : 0;
    const int64_t of_column_sums = a.grad_column_bias ? column_tiles * kColumnSum : 0;
    const int64_t gathered = gathers_a ? a.d * static_cast<int64_t>(sizeof(float)) : 0;
    gradient_rows = wave_rows(
        a.n, ldg * element_size(a.dtype) + of_sums + of_column_sums + gathered, a.workspace_limit);
  }
};

}  // namespace sslcuda::cuda
