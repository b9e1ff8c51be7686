// contrastive_plan.hpp - what a call of the contrastive family has to do, and in how many rows at a
// time, from its arguments alone.
//
// Scores of all rows would be an n x m matrix. They are made in waves of rows instead: once for the
// statistics, of which a tile of scores leaves a few numbers per row and column, and once more for
// G, the gradient with respect to the scores, of which a block of rows and columns is stored.
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

// `n` in shares of about the same length, which begin at tiles: at most `most`, whole tiles.
constexpr int64_t even_share(int64_t n, int64_t most) {
  if (n <= most) return n;
  const int64_t shares = ceil_div(n, most);
  return std::min(n, ceil_div(ceil_div(n, shares), kLeastTile) * kLeastTile);
}

// So many rows that `bytes_per_row` for each fit the limit, in waves of about the same length.
constexpr int64_t wave_rows(int64_t n, int64_t bytes_per_row, size_t limit) {
  const size_t fitting = limit / static_cast<size_t>(std::max<int64_t>(bytes_per_row, 1));
  if (fitting >= static_cast<size_t>(n)) return n;
  const int64_t tiles = std::max<int64_t>(static_cast<int64_t>(fitting) / kLeastTile, 1);
  const int64_t most = tiles * kLeastTile;
  return even_share(n, most);
}

// Part of the matrix of scores.
struct ScoreBlock {
  int64_t first_row, rows;
  int64_t first_column, columns;
};

// Rows, and if possible a multiple of columns, of a block that is one of many. Each block reads and
// writes its parts of the gradients: the longer its sides, the less often.
constexpr int64_t kBlockSide = 4096;

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
    // Of sampled columns only grad_b is a product with G: in grad_a they are few.
    scores_gradient = is_sampled ? a.grad_b != nullptr
                                 : multiplies && (wants_rows || row_sums || a.grad_column_bias);
    own_gradient =
        own_columns > 0 && (a.grad_a || a.grad_positives || a.grad_negatives || a.grad_temperature);
    full_gradient = names_pairs || has_classes(a.kind) || is_siglip || a.grad_column_bias;

    set_statistics_waves(a);
    set_blocks(a);
    ldg = ceil_div(gradient_columns, 8) * 8;  // copies of the sm_90a loop want rows at 16 bytes
    const bool is_float = element_size(a.dtype) == sizeof(float);
    const bool whole_rows = gradient_columns == a.m, whole_columns = gradient_rows == a.n;
    gathers_a = a.grad_a && !is_float && (a.normalize || own_gradient || !whole_rows);
    gathers_b = a.grad_b && a.m > 0 && !is_float && (a.normalize || !whole_columns);
  }

  bool multiplies;      // b is scored by products with it
  int64_t own_columns;  // of each row, scored one by one
  bool statistics, full_statistics, column_lse;
  bool scores_gradient, full_gradient, row_sums;
  bool own_gradient;
  bool gathers_a, gathers_b;                // gradients are had in float32 first
  int64_t statistics_rows;                  // of a wave
  int64_t gradient_rows, gradient_columns;  // of a block of G
  int64_t ldg;                              // of G

  // Arrays of all rows or columns, which have partial results of each tile.
  constexpr bool keeps_row_lse() const { return statistics && !full_statistics; }
  constexpr bool keeps_row_statistics() const { return statistics && full_statistics; }
  constexpr bool keeps_positives(const ContrastiveArgs& a) const {
    return statistics && has_classes(a.kind);
  }
  constexpr bool keeps_row_sums() const { return row_sums && multiplies; }
  constexpr bool keeps_column_sums(const ContrastiveArgs& a) const {
    return a.grad_column_bias && multiplies;
  }

 private:
  constexpr void set_statistics_waves(const ContrastiveArgs& a) {
    const int64_t column_tiles = ceil_div(a.m, kLeastTile);
    // Partial results of a row in each tile, and of each column in a row's share of a tile.
    constexpr int64_t kLse = 8, kRowStatistics = 16, kPositives = 16;
    const int64_t of_row = full_statistics ? kRowStatistics : kLse;
    const int64_t of_positives = has_classes(a.kind) ? kPositives : 0;
    const int64_t of_columns = column_lse ? column_tiles * kLse : 0;
    statistics_rows =
        wave_rows(a.n, column_tiles * (of_row + of_positives) + of_columns, a.workspace_limit);
  }

  // Of a row of G with so many columns: scores, sums over row and columns of each tile.
  constexpr int64_t row_bytes(const ContrastiveArgs& a, int64_t columns) const {
    constexpr int64_t kRowSums = 8, kColumnSum = 4;
    const int64_t of_tile = (row_sums ? kRowSums : 0) + (a.grad_column_bias ? kColumnSum : 0);
    return ceil_div(columns, 8) * 8 * element_size(a.dtype) +
           ceil_div(columns, kLeastTile) * of_tile;
  }

  // Whole rows, unless so few of them fit that products with G^T would sum few at a time, and read
  // and write grad_b for each wave. Gradients in float32 are not counted: they grow with n + m.
  constexpr void set_blocks(const ContrastiveArgs& a) {
    const int64_t whole_row = row_bytes(a, a.m);
    const size_t whole_rows =
        a.workspace_limit / static_cast<size_t>(std::max<int64_t>(whole_row, 1));
    gradient_columns = a.m;
    gradient_rows = wave_rows(a.n, whole_row, a.workspace_limit);
    if (!multiplies || whole_rows >= static_cast<size_t>(std::min(a.n, kBlockSide))) return;
    gradient_rows = even_share(a.n, kBlockSide);
    int64_t fitting = fitting_columns(a);
    while (gradient_rows > kLeastTile && fitting < std::min(a.m, gradient_rows / 2)) {
      gradient_rows = ceil_div(gradient_rows / 2, kLeastTile) * kLeastTile;
      fitting = fitting_columns(a);
    }
    if (fitting == a.m) return;
    const int64_t unit = fitting < kBlockSide ? kLeastTile : kBlockSide;
    gradient_columns = even_share(a.m, std::max<int64_t>(fitting / unit, 1) * unit);
  }

  // Columns of a block of gradient_rows, as the limit has it.
  constexpr int64_t fitting_columns(const ContrastiveArgs& a) const {
    const int64_t bytes = gradient_rows * row_bytes(a, std::min(a.m, kLeastTile));  // of a tile
    const size_t tiles = a.workspace_limit / static_cast<size_t>(bytes);
    return std::min(
        static_cast<int64_t>(std::min<size_t>(tiles, INT64_MAX / kLeastTile)) * kLeastTile, a.m);
  }
};

}  // namespace sslcuda::cuda
