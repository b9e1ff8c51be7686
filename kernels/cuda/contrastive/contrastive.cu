// contrastive.cu - the steps of a call: rows, statistics in waves, losses, G in blocks with its
// products, gradients that are sums.
#include "kernels/cuda/contrastive/contrastive_workspace.hpp"
#include "kernels/cuda/contrastive/gradient_scalars.cuh"
#include "kernels/cuda/contrastive/own_columns.hpp"
#include "kernels/cuda/contrastive/scores_product.hpp"
#include "kernels/cuda/gemm/gemm_plan.hpp"
#include "kernels/cuda/l2_normalize/l2_normalize.hpp"
#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

namespace {

class ContrastiveCall {
 public:
  ContrastiveCall(const Exec& exec, const ContrastiveArgs& args)
      : stream_(stream_of(exec)),
        a_(args),
        w_(args, exec.workspace),
        scores_{args, w_.a.factors, w_.b.factors, w_.row_limit} {}

  cudaError_t run() const {
    SSLCUDA_TRY(scale_rows(w_.a, a_.a, a_.lda, a_.n));
    if (!a_.self) SSLCUDA_TRY(scale_rows(w_.b, a_.b, a_.ldb, a_.m));
    SSLCUDA_TRY(scale_rows(w_.positives, a_.positives, a_.ld_positives, a_.n));
    SSLCUDA_TRY(scale_rows(w_.negatives, a_.negatives, a_.d, a_.n * a_.negatives_per_row));
    SSLCUDA_TRY(launch_own_scores(stream_, w_, scores_));
    if (w_.plan.statistics) SSLCUDA_TRY(make_statistics());
    SSLCUDA_TRY(finish());
    return a_.needs_scores_gradient() ? differentiate() : cudaSuccess;
  }

 private:
  cudaError_t scale_rows(const Rows& rows, const void* x, int64_t ldx, int64_t n) const {
    if (!rows.scaled) return cudaSuccess;
    return launch_normalize(stream_, {a_.dtype, n, a_.d, x, ldx, rows.scaled, rows.ld, nullptr,
                                      rows.factors, rows.scales});
  }

  // Puts partial results together. `accumulate`: with those of earlier waves.
  template <class Stat>
  cudaError_t merge(const Stat* partial, int64_t tiles, int64_t lines, Stat* merged,
                    bool accumulate) const {
    using Tile = MergeTile;
    return simt::launch(merge_kernel<Tile, Stat>,
                        {grid_1d(ceil_div(lines, Tile::kLines)), Tile::kThreads,
                         sizeof(MergeSmem<Tile, Stat>), stream_},
                        partial, tiles, lines, accumulate, merged);
  }

  // Of the rows of a wave. A single tile's results are the merged ones.
  template <class Stat>
  cudaError_t merge_rows(const Stat* partial, int64_t tiles, int64_t rows, Stat* merged) const {
    if (!merged || tiles == 1) return cudaSuccess;
    return merge(partial, tiles, rows, merged, false);
  }

  cudaError_t make_statistics() const {
    for (int64_t first = 0; first < a_.n; first += w_.plan.statistics_rows) {
      SSLCUDA_TRY(make_statistics(first, std::min(w_.plan.statistics_rows, a_.n - first)));
    }
    return cudaSuccess;
  }

  cudaError_t make_statistics(int64_t first, int64_t rows) const {
    const Product product = w_.scores_product(a_, {first, rows, 0, a_.m});
    const TileShape tile = product_tile(product);
    const int64_t row_tiles = ceil_div(rows, tile.rows), tiles = ceil_div(a_.m, tile.columns);
    const auto target = [&](auto* partial, auto* merged) {
      return merged && tiles == 1 ? merged + first : partial;
    };
    const bool only_row_tile = rows == a_.n && row_tiles == 1;
    LogSumExp* const columns = only_row_tile ? w_.column_lse : w_.partial_column_lse;
    const StatisticsWave wave{first,
                              rows,
                              target(w_.partial_row_lse, w_.row_lse),
                              target(w_.partial_row_statistics, w_.row_statistics),
                              target(w_.partial_positives, w_.row_positives),
                              columns,
                              w_.positive};
    SSLCUDA_TRY(visit_dtype(a_.dtype, [&](auto number) {
      return launch_statistics<decltype(number)>(stream_, product, scores_, wave,
                                                 w_.plan.full_statistics);
    }));
    const auto of_wave = [&](auto* merged) { return merged ? merged + first : nullptr; };
    SSLCUDA_TRY(merge_rows(wave.row_lse, tiles, rows, of_wave(w_.row_lse)));
    SSLCUDA_TRY(merge_rows(wave.row_statistics, tiles, rows, of_wave(w_.row_statistics)));
    SSLCUDA_TRY(merge_rows(wave.positives, tiles, rows, of_wave(w_.row_positives)));
    if (!columns || only_row_tile) return cudaSuccess;
    return merge(columns, row_tiles, a_.m, w_.column_lse, first > 0);
  }

  cudaError_t finish() const {
    using Tile = FinishTile;
    const FinishRows finish{scores_,       w_.row_lse,      w_.row_statistics, w_.row_positives,
                            w_.column_lse, w_.positive,     w_.own_scores,     w_.plan.own_columns,
                            w_.row_sides,  w_.column_sides, w_.within,         w_.totals,
                            w_.rates};
    const int64_t columns = a_.kind == ContrastiveKind::kClip ? a_.m : 0;
    const int64_t blocks = ceil_div(std::max(a_.n, columns), Tile::kThreads);
    SSLCUDA_TRY(simt::launch(finish_kernel<Tile>,
                             {grid_1d(blocks), Tile::kThreads, sizeof(BlockReduceSmem), stream_},
                             finish));
    if (blocks == 1) return cudaSuccess;
    return simt::launch(conclude_kernel<Tile>,
                        {grid_1d(1), Tile::kThreads, sizeof(BlockReduceSmem), stream_}, finish,
                        blocks);
  }

  cudaError_t differentiate() const {
    for (int64_t first = 0; first < a_.n; first += w_.plan.gradient_rows) {
      SSLCUDA_TRY(differentiate(first, std::min(w_.plan.gradient_rows, a_.n - first)));
    }
    if (a_.grad_b && (w_.plan.gathers_b || w_.b.scaled)) {
      const float* const gathered =
          w_.gathered_b ? w_.gathered_b : static_cast<const float*>(a_.grad_b);
      SSLCUDA_TRY(store_gradient(w_.b, 0, a_.m, gathered, w_.gathered_b ? a_.d : a_.ldb, a_.grad_b,
                                 a_.ldb));
    }
    return sum_gradients();
  }

  // The wave of rows from `first`.
  cudaError_t differentiate(int64_t first, int64_t rows) const {
    const int64_t columns = w_.plan.scores_gradient ? a_.m : 0;
    for (int64_t column = 0; column < columns; column += w_.plan.gradient_columns) {
      const ScoreBlock block{first, rows, column,
                             std::min(w_.plan.gradient_columns, columns - column)};
      SSLCUDA_TRY(make_g(block));
      if (a_.grad_b) SSLCUDA_TRY(multiply_to_grad_b(block));
      if (a_.grad_a && w_.plan.multiplies) SSLCUDA_TRY(multiply_to_grad_a(block));
    }
    const Gathered to = gathered_a(first);
    if (w_.plan.own_gradient) {
      SSLCUDA_TRY(launch_own_gradient(
          stream_, w_, scores_,
          {first, rows, static_cast<float*>(to.data), to.ld, w_.plan.multiplies}));
    }
    if (!a_.grad_a || !(w_.gathered_a || w_.a.scaled)) return cudaSuccess;
    return store_gradient(w_.a, first, rows, static_cast<const float*>(to.data), to.ld,
                          grad_a_row(first), a_.lda);
  }

  cudaError_t make_g(const ScoreBlock& block) const {
    const Product product = w_.scores_product(a_, block);
    const TileShape tile = product_tile(product);
    const int64_t row_tiles = ceil_div(block.rows, tile.rows);
    const int64_t tiles = ceil_div(block.columns, tile.columns);
    GradientSums* const row_sums = w_.row_sums ? w_.row_sums + block.first_row : nullptr;
    const bool only_tile = tiles == 1 && block.columns == a_.m;
    const GradientWave wave{block,
                            w_.g,
                            w_.plan.ldg,
                            w_.row_sides,
                            a_.self ? w_.row_sides : w_.column_sides,
                            w_.within,
                            w_.rates,
                            only_tile ? row_sums : w_.partial_row_sums,
                            w_.partial_column_sums};
    if (!w_.plan.multiplies) return launch_sampled_gradient(stream_, w_, scores_, wave);
    SSLCUDA_TRY(visit_dtype(a_.dtype, [&](auto number) {
      return launch_score_gradient<decltype(number)>(stream_, product, scores_, wave,
                                                     w_.plan.full_gradient);
    }));
    if (row_sums && !only_tile) {
      SSLCUDA_TRY(merge(wave.row_sums, tiles, block.rows, row_sums, block.first_column > 0));
    }
    if (!w_.column_sums) return cudaSuccess;
    return merge(wave.column_sums, row_tiles, block.columns, w_.column_sums + block.first_column,
                 block.first_row > 0);
  }

  // grad_b += G^T a, one block of rows after the other
  cudaError_t multiply_to_grad_b(const ScoreBlock& block) const {
    const bool gathers = w_.gathered_b != nullptr;
    const int64_t ld = gathers ? a_.d : a_.ldb;
    return gemm(stream_, w_.product, w_.grad_b_product(a_, block),
                {.c = row(gathers ? w_.gathered_b : a_.grad_b, block.first_column, ld, gathers),
                 .ldc = ld,
                 .is_float = gathers,
                 .divisor = &w_.rates->divisor,
                 .beta = block.first_row > 0 ? 1.0f : 0.0f});
  }

  // grad_a += G b, one block of columns after the other
  cudaError_t multiply_to_grad_a(const ScoreBlock& block) const {
    const Gathered to = gathered_a(block.first_row);
    return gemm(stream_, w_.product, w_.grad_a_product(a_, block),
                {.c = to.data,
                 .ldc = to.ld,
                 .is_float = w_.plan.gathers_a,
                 .divisor = &w_.rates->divisor,
                 .beta = block.first_column > 0 ? 1.0f : 0.0f});
  }

  // Where a wave of grad_a is had first.
  struct Gathered {
    void* data;
    int64_t ld;
  };
  Gathered gathered_a(int64_t first) const {
    if (w_.plan.gathers_a) return {w_.gathered_a, a_.d};
    return {a_.grad_a ? grad_a_row(first) : nullptr, a_.lda};
  }
  void* grad_a_row(int64_t i) const { return row(a_.grad_a, i, a_.lda, false); }

  // Of float32, or of the type of the call.
  void* row(void* data, int64_t i, int64_t ld, bool is_float) const {
    const int64_t size = is_float ? sizeof(float) : element_size(a_.dtype);
    return static_cast<char*>(data) + i * ld * size;
  }

  // From the gradient in float32 to that of the caller's rows, in their type.
  cudaError_t store_gradient(const Rows& rows, int64_t first, int64_t count, const float* gradient,
                             int64_t ld, void* grad_x, int64_t ldx) const {
    const auto from = [&](const float* array) { return array ? array + first : nullptr; };
    const char* const data =
        static_cast<const char*>(rows.data) + first * rows.ld * element_size(a_.dtype);
    return launch_normalize_backward(
        stream_, {a_.dtype, count, a_.d, data, rows.ld, from(rows.scales), gradient, ld, grad_x,
                  ldx, from(rows.factors)});
  }

  cudaError_t sum_gradients() const {
    if (w_.plan.row_sums) {
      using Tile = ScalarsTile;
      SSLCUDA_TRY(simt::launch(gradient_scalars_kernel<Tile>,
                               {grid_1d(1), Tile::kThreads, sizeof(BlockReduceSmem), stream_}, a_,
                               w_.row_sums, w_.own_sums, w_.rates));
    }
    if (!w_.column_sums) return cudaSuccess;
    using Tile = ColumnBiasTile;
    return simt::launch(grad_column_bias_kernel<Tile>,
                        {grid_1d(ceil_div(a_.m, Tile::kThreads)), Tile::kThreads, 0, stream_}, a_.m,
                        w_.column_sums, w_.rates, a_.grad_column_bias);
  }

  const cudaStream_t stream_;
  const ContrastiveArgs& a_;
  const ContrastiveWorkspace w_;
  const Scores scores_;
};

}  // namespace

size_t contrastive_workspace(const ContrastiveArgs& args) {
  return ContrastiveWorkspace(args, nullptr).used;
}

int contrastive(const Exec& exec, const ContrastiveArgs& args) {
  return ContrastiveCall(exec, args).run();
}

}  // namespace sslcuda::cuda
