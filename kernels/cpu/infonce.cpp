// infonce.cpp - InfoNCE, value and gradients, over blocks of rows whose scores fit kScores floats.
//   s = a b^T / tau;  loss = mean_i (lse(s[i]) - s[i,i]);  G = g (p - I) / n
//   grad_a = G b / tau;  grad_b = G^T a / tau;  grad_tau = -sum G s / tau
// A block's scores become its exponentials and then its rows of G in place; both products read them
// while they are there, so 6 n^2 d FLOPs in all. grad_b gathers over blocks in order.
#include <cmath>

#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kScores = 1 << 19;  // 2 MiB: stays in the second-level cache of a core or two

int64_t block_rows(int64_t n) { return std::clamp<int64_t>(kScores / n, 1, n); }

struct RowResult {
  double loss, grad_tau;
};

// Turns a row of scores into a row of G (times n / g) and returns the row's loss and its part of
// sum G s. As the row of G sums to 0, s may be taken relative to s[i,i], which cancels less.
SSLCUDA_CLONES RowResult finish_row(int64_t n, int64_t i, float* s, bool gradients, float scale,
                                    float* exps) {
  const float positive = s[i];
  const RowStatistics row = row_statistics(n, s, gradients ? exps : nullptr);
  const double loss = std::log(static_cast<double>(row.sum)) + (row.max - positive);
  if (!gradients) return {loss, 0};
  const float inverse = 1 / row.sum;
  float weighted = 0;
#pragma omp simd reduction(+ : weighted)
  for (int64_t j = 0; j < n; ++j) {
    const float p = exps[j] * inverse;
    weighted += p == 0 ? 0 : p * (s[j] - positive);  // a score of -infinity has no weight
    s[j] = scale * p;
  }
  s[i] = scale * (exps[i] * inverse - 1);
  return {loss, static_cast<double>(weighted) * scale};
}

}  // namespace

size_t infonce_workspace(const InfoNceArgs& a) {
  const int64_t rows = block_rows(a.n);
  return 2 * align_up(rows * a.n * sizeof(float)) + align_up(rows * sizeof(RowResult));
}

int infonce(const Exec& exec, const InfoNceArgs& args) {
  const int64_t n = args.n, d = args.d, block = block_rows(n);
  auto* const workspace = static_cast<uint8_t*>(exec.workspace);
  const size_t scores_bytes = align_up(block * n * sizeof(float));
  auto* const s = reinterpret_cast<float*>(workspace);
  auto* const exps = reinterpret_cast<float*>(workspace + scores_bytes);
  auto* const results = reinterpret_cast<RowResult*>(workspace + 2 * scores_bytes);
  const float tau = args.tau.device ? *args.tau.device : args.tau.value;
  const float scale = (args.grad_loss ? *args.grad_loss : 1.0f) / static_cast<float>(n);
  const bool gradients = args.grad_a || args.grad_b || args.grad_tau;
  const bool summed = args.grad_a && args.grad_a == args.grad_b;
  double loss = 0, grad_tau = 0;
  int error = 0;
  for (int64_t first = 0; first < n && error == 0; first += block) {
    const int64_t rows = std::min(block, n - first);
    const float* const a = args.a + first * args.lda;
    error = gemm({false, true, rows, n, d, 1 / tau, a, args.lda, args.b, args.ldb, 0, s, n});
    parallel_for(rows, 16 * n, [&](int64_t r) {
      results[r] = finish_row(n, first + r, s + r * n, gradients, scale, exps + r * n);
    });
    for (int64_t r = 0; r < rows; ++r) {
      loss += results[r].loss;
      grad_tau += results[r].grad_tau;
      if (args.row_loss) args.row_loss[first + r] = static_cast<float>(results[r].loss);
    }
    if (args.grad_b && error == 0) {
      error = gemm({true, false, n, d, rows, 1 / tau, s, n, a, args.lda, first == 0 ? 0.0f : 1.0f,
                    args.grad_b, args.ldb});
    }
    if (args.grad_a && error == 0) {  // adds to grad_b's rows where that is the same buffer
      error = gemm({false, false, rows, d, n, 1 / tau, s, n, args.b, args.ldb, summed ? 1.0f : 0.0f,
                    args.grad_a + first * args.lda, args.lda});
    }
  }
  if (args.loss) *args.loss = static_cast<float>(loss / static_cast<double>(n));
  if (args.grad_tau) *args.grad_tau = static_cast<float>(-grad_tau / tau);
  return error;
}

}  // namespace sslcuda::cpu
