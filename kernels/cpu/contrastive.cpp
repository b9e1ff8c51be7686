// contrastive.cpp - the contrastive family: value, statistics and gradients, over blocks of rows
// whose scores fit the workspace's limit.
//   s = scale a b^T;  G = dL/ds;  grad_a = scale G b;  grad_b = scale G^T a
// A block's scores become its rows of G in place, and both products read them while they are there:
// 6 n m d FLOPs. In CLIP, G also needs the log-sum-exps of the columns, so that a pass over all
// blocks comes first, and the scores are made anew: 8 n m d. Blocks are worked on in order, and
// grad_b gathers over them.
#include "kernels/cpu/contrastive.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

// Calls body(i, its scores, exps, rows of scratch) for the rows of a block.
template <class Body>
void for_rows(const ContrastiveWork& w, int64_t first, int64_t rows, const Body& body) {
  const int64_t piece = ceil_div(rows, w.pieces);
  constexpr int64_t kWork = 16;
  parallel_for(ceil_div(rows, piece), kWork * piece * w.width.total(), [&](int64_t p) {
    for (int64_t r = p * piece; r < std::min(rows, (p + 1) * piece); ++r) {
      body(first + r, w.scores + r * w.ld, w.exps + p * w.ld, w.own_rows + p * 2 * w.args.d);
    }
  });
}

int score(const ContrastiveWork& w, int64_t first, int64_t rows) {
  return gemm({false, true, rows, w.width.dense, w.args.d, w.scale, w.a.row(first), w.a.ld,
               w.b.rows, w.b.ld, 0, w.scores, w.ld});
}

// What else there is to a row of scores.
void complete_row(const ContrastiveWork& w, int64_t i, float* s, float* exps, float* own) {
  if (w.width.own > 0) score_own(w, i, own, s + w.width.dense);
  if (w.args.column_bias) add_scaled(w.args.m, 1, w.args.column_bias, s);
  exclude_pairs(w, i, s, exps);
}

// The products with a block's rows of G.
int gradient(const ContrastiveWork& w, int64_t first, int64_t rows) {
  const ContrastiveArgs& a = w.args;
  const int64_t ld = w.ld, dense = w.width.dense;
  const float* const g = w.scores;
  const float begun = first == 0 ? 0.0f : 1.0f;
  int error = 0;
  if (w.grad_b.rows && dense > 0) {
    error = gemm({true, false, a.m, a.d, rows, w.scale, g, ld, w.a.row(first), w.a.ld, begun,
                  w.grad_b.rows, w.grad_b.ld});
  }
  if (w.grad_b.rows && a.indices) scatter_samples(w, first, rows, g);
  if (w.grad_a.rows && error == 0) {  // adds to grad_b's rows where that is the same
    error = gemm({false, false, rows, a.d, dense, w.scale, g, ld, w.b.rows, w.b.ld,
                  a.self ? 1.0f : 0.0f, w.grad_a.row(first), w.grad_a.ld});
  }
  if (w.width.own > 0) {
    for_rows(w, first, rows, [&](int64_t i, const float* s, float*, float* own) {
      own_gradients(w, i, s + dense, own);
    });
  }
  if (a.grad_column_bias) {
    constexpr int64_t kColumns = 256;
    parallel_pieces(a.m, kColumns, rows, [&](int64_t begin, int64_t end) {
      float* const sums = a.grad_column_bias + begin;
      if (first == 0) std::fill_n(sums, end - begin, 0.0f);
      add_rows(rows, ld, end - begin, g + begin, sums);
    });
  }
  return error;
}

// Calls body(first row, rows) for all blocks, until one fails.
template <class Body>
int for_each_block(const ContrastiveWork& w, const Body& body) {
  int error = 0;
  for (int64_t first = 0; first < w.args.n && error == 0; first += w.block) {
    error = body(first, std::min(w.block, w.args.n - first));
  }
  return error;
}

// Statistics and losses of all rows, and the gradients with them.
int one_sided_pass(const ContrastiveWork& w) {
  return for_each_block(w, [&](int64_t first, int64_t rows) {
    const int error = score(w, first, rows);
    for_rows(w, first, rows, [&](int64_t i, float* s, float* exps, float* own) {
      complete_row(w, i, s, exps, own);
      w.results[i] = finish_row(w, i, s, exps);
    });
    return error == 0 && w.has_products ? gradient(w, first, rows) : error;
  });
}

// Statistics of rows and columns. Columns see the scores before a row's margin acts.
int statistics_pass(const ContrastiveWork& w) {
  clear_columns(w);
  return for_each_block(w, [&](int64_t first, int64_t rows) {
    const int error = score(w, first, rows);
    for_rows(w, first, rows, [&](int64_t i, float* s, float* exps, float* own) {
      complete_row(w, i, s, exps, own);
    });
    add_to_columns(w, rows, w.scores);
    for_rows(w, first, rows, [&](int64_t i, float* s, float* exps, float*) {
      w.results[i] = finish_row(w, i, s, exps);
    });
    return error;
  });
}

int two_sided_pass(const ContrastiveWork& w) {
  return for_each_block(w, [&](int64_t first, int64_t rows) {
    const int error = score(w, first, rows);
    for_rows(w, first, rows, [&](int64_t i, float* s, float* exps, float* own) {
      complete_row(w, i, s, exps, own);
      two_sided_gradient(w, i, s);
    });
    return error == 0 ? gradient(w, first, rows) : error;
  });
}

void write_results(const ContrastiveWork& w, double temperature) {
  const ContrastiveArgs& a = w.args;
  double loss = 0, bias = 0, hits = 0;
  for (int64_t i = 0; i < a.n; ++i) {
    const RowResult& row = w.results[i];
    const bool counts = w.counts(i);
    const double weight = a.weights ? a.weights[i] : 1.0f;
    if (counts) loss += weight * row.loss;
    hits += counts && row.hit ? 1 : 0;
    temperature += row.temperature;
    bias += row.bias;
    if (a.row_loss) a.row_loss[i] = static_cast<float>(row.loss);
    if (a.row_lse) a.row_lse[i] = static_cast<float>(row.lse);
    if (a.row_positive) a.row_positive[i] = static_cast<float>(row.positive);
    if (a.row_entropy) a.row_entropy[i] = static_cast<float>(row.entropy);
  }
  if (a.loss) *a.loss = w.counted == 0 ? 0.0f : static_cast<float>(loss / w.weight_sum);
  if (a.top1) *a.top1 = w.counted == 0 ? 0.0f : static_cast<float>(hits / w.counted);
  if (a.grad_bias) *a.grad_bias = static_cast<float>(bias);
  if (!a.grad_temperature) return;
  if (w.scale_is_limited) temperature = 0;
  if (!a.temperature.log_scale) temperature *= -w.scale;
  *a.grad_temperature = static_cast<float>(temperature);
}

}  // namespace

size_t contrastive_workspace(const ContrastiveArgs& args) {
  Arena arena(nullptr);
  const ContrastiveWork work(args, arena);
  return arena.bytes();
}

int contrastive(const Exec& exec, const ContrastiveArgs& args) {
  Arena arena(exec.workspace);
  const ContrastiveWork w(args, arena);
  if (args.indices && w.grad_b.rows) {
    for (int64_t j = 0; j < args.m; ++j) std::fill_n(w.grad_b.row(j), args.d, 0.0f);
  }
  int error = 0;
  if (!w.two_sided) {
    error = one_sided_pass(w);
    write_results(w, 0);
  } else if (w.needs_statistics()) {
    error = statistics_pass(w);
    write_results(w, finish_columns(w));
  } else {
    std::copy_n(args.given_column_lse, args.m, w.column_lse);
  }
  if (w.two_sided && w.has_products && error == 0) error = two_sided_pass(w);
  finish_gradient(w.rows_of_a, w.a, w.grad_a, args.grad_a);
  if (!args.self) finish_gradient(w.rows_of_b, w.b, w.grad_b, args.grad_b);
  return error;
}

}  // namespace sslcuda::cpu
