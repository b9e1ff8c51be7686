// contrastive_workspace.cu - lays the workspace out, for the query and the launch alike.
#include "kernels/cuda/contrastive/contrastive_workspace.hpp"

namespace sslcuda::cuda {

namespace {

// An array of `count`, or null where it is not needed. Of the plan, never of another array: when a
// workspace is planned, the first array is at null, too.
template <class T>
T* array_if(WorkspaceLayout& layout, bool is_needed, int64_t count) {
  return is_needed ? static_cast<T*>(layout.bytes(count * sizeof(T))) : nullptr;
}

Rows lay_out(WorkspaceLayout& layout, const ContrastiveArgs& args, const void* x, int64_t ldx,
             int64_t n) {
  if (!args.normalize || !x || n == 0) return {x, ldx, nullptr, nullptr, nullptr};
  // Rows at multiples of 16 bytes, which the sm_90a loop asks for.
  const int64_t ld = ceil_div(args.d, 8) * 8;
  void* const scaled = layout.bytes(n * ld * element_size(args.dtype));
  return {scaled, ld, scaled, layout.floats(n), layout.floats(n)};
}

const void* row_of(const Rows& rows, const ContrastiveArgs& args, int64_t i) {
  return static_cast<const char*>(rows.data) + i * rows.ld * element_size(args.dtype);
}

}  // namespace

ContrastiveWorkspace::ContrastiveWorkspace(const ContrastiveArgs& args, void* base) : plan(args) {
  WorkspaceLayout layout(base);
  lay_out_rows(layout, args);
  lay_out_lines(layout, args);
  WorkspaceLayout statistics = layout, gradient = layout;
  lay_out_statistics_wave(statistics, args);
  lay_out_gradient_block(gradient, args);
  used = std::max(statistics.used(), gradient.used());
}

void ContrastiveWorkspace::lay_out_rows(WorkspaceLayout& layout, const ContrastiveArgs& args) {
  a = lay_out(layout, args, args.a, args.lda, args.n);
  b = args.self ? a : lay_out(layout, args, args.b, args.ldb, args.m);
  positives = lay_out(layout, args, args.positives, args.ld_positives, args.n);
  negatives = lay_out(layout, args, args.negatives, args.d, args.n * args.negatives_per_row);
  const int64_t own = args.n * plan.own_columns;
  own_scores = array_if<float>(layout, own > 0, own);
  own_slopes = array_if<float>(layout, own > 0 && args.needs_scores_gradient(), own);
  row_limit = array_if<float>(layout, args.margin > 0.0f, args.n);
}

void ContrastiveWorkspace::lay_out_lines(WorkspaceLayout& layout, const ContrastiveArgs& args) {
  const bool gradient = args.needs_scores_gradient();
  row_lse = array_if<LogSumExp>(layout, plan.keeps_row_lse(), args.n);
  row_statistics = array_if<RowStatistics>(layout, plan.keeps_row_statistics(), args.n);
  row_positives = array_if<PositiveStatistics>(layout, plan.keeps_positives(args), args.n);
  column_lse = array_if<LogSumExp>(layout, plan.column_lse, args.m);
  positive = array_if<float>(layout, plan.statistics && !has_classes(args.kind), args.n);
  row_sides = array_if<Side>(layout, gradient, args.n);
  column_sides = array_if<Side>(layout, gradient && args.kind == ContrastiveKind::kClip, args.m);
  within = array_if<Within>(layout, gradient && args.kind == ContrastiveKind::kSupConIn, args.n);
  totals = array_if<RowTotals>(layout, true, ceil_div(args.n, FinishTile::kThreads));
  rates = array_if<Rates>(layout, gradient, 1);
  row_sums = array_if<GradientSums>(layout, plan.keeps_row_sums(), args.n);
  own_sums = array_if<GradientSums>(layout, plan.row_sums && plan.own_gradient, args.n);
  column_sums = array_if<TotalStat>(layout, plan.keeps_column_sums(args), args.m);
  gathered_b = array_if<float>(layout, plan.gathers_b, args.m * args.d);
}

void ContrastiveWorkspace::lay_out_statistics_wave(WorkspaceLayout& layout,
                                                   const ContrastiveArgs& args) {
  const int64_t rows = plan.statistics_rows;
  const int64_t of_rows = ceil_div(args.m, kLeastTile) * rows;
  partial_row_lse = array_if<LogSumExp>(layout, plan.keeps_row_lse(), of_rows);
  partial_row_statistics = array_if<RowStatistics>(layout, plan.keeps_row_statistics(), of_rows);
  partial_positives = array_if<PositiveStatistics>(layout, plan.keeps_positives(args), of_rows);
  partial_column_lse =
      array_if<LogSumExp>(layout, plan.column_lse, ceil_div(rows, kLeastTile) * args.m);
}

void ContrastiveWorkspace::lay_out_gradient_block(WorkspaceLayout& layout,
                                                  const ContrastiveArgs& args) {
  const int64_t rows = plan.gradient_rows, columns = plan.gradient_columns;
  const int64_t of_rows = ceil_div(columns, kLeastTile) * rows;
  const int64_t of_columns = ceil_div(rows, kLeastTile) * columns;
  g = array_if<char>(layout, plan.scores_gradient, rows * plan.ldg * element_size(args.dtype));
  partial_row_sums = array_if<GradientSums>(layout, plan.keeps_row_sums(), of_rows);
  partial_column_sums = array_if<TotalStat>(layout, plan.keeps_column_sums(args), of_columns);
  gathered_a = array_if<float>(layout, plan.gathers_a, rows * args.d);
  product = array_if<char>(layout, plan.scores_gradient, product_bytes(args));
}

// Of all products with G; those of the last rows and columns are cut up in another way.
int64_t ContrastiveWorkspace::product_bytes(const ContrastiveArgs& args) const {
  const auto last = [](int64_t n, int64_t share) { return share > 0 ? (n - 1) % share + 1 : 0; };
  const int64_t last_rows = last(args.n, plan.gradient_rows);
  const int64_t last_columns = last(args.m, plan.gradient_columns);
  size_t bytes = 0;
  for (const int64_t rows : {plan.gradient_rows, last_rows}) {
    for (const int64_t columns : {plan.gradient_columns, last_columns}) {
      const ScoreBlock block{0, rows, 0, columns};
      if (args.grad_a && plan.multiplies)
        bytes = std::max(bytes, gemm_workspace(grad_a_product(args, block)));
      if (args.grad_b) bytes = std::max(bytes, gemm_workspace(grad_b_product(args, block)));
    }
  }
  return static_cast<int64_t>(bytes);
}

Product ContrastiveWorkspace::scores_product(const ContrastiveArgs& args,
                                             const ScoreBlock& block) const {
  return {args.dtype,
          false,
          true,
          block.rows,
          block.columns,
          args.d,
          row_of(a, args, block.first_row),
          a.ld,
          row_of(b, args, block.first_column),
          b.ld};
}

Product ContrastiveWorkspace::grad_a_product(const ContrastiveArgs& args,
                                             const ScoreBlock& block) const {
  return {args.dtype, false,    false,
          block.rows, args.d,   block.columns,
          g,          plan.ldg, row_of(b, args, block.first_column),
          b.ld};
}

Product ContrastiveWorkspace::grad_b_product(const ContrastiveArgs& args,
                                             const ScoreBlock& block) const {
  return {args.dtype,
          true,
          false,
          block.columns,
          args.d,
          block.rows,
          g,
          plan.ldg,
          row_of(a, args, block.first_row),
          a.ld};
}

}  // namespace sslcuda::cuda
