// similarity.cpp - s = a b^T / tau, of unit rows if wanted, and its gradients. Unit rows are made
// in the workspace first, so that neither tiny nor huge rows lose their product.
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

float value_of(const Scalar& scalar) { return scalar.device ? *scalar.device : scalar.value; }

// Rows as the product takes them: the caller's, or their unit rows in the workspace.
struct Operand {
  const float* rows;
  int64_t ld;
  const double* norms;  // null unless normalised
};

size_t operand_bytes(int64_t n, int64_t d) {
  return align_up(n * d * sizeof(float)) + align_up(n * sizeof(double));
}

// Makes unit rows at *workspace, which moves on behind them.
Operand unit_rows(int64_t n, int64_t d, const float* x, int64_t ld, uint8_t** workspace) {
  auto* const rows = reinterpret_cast<float*>(*workspace);
  auto* const norms = reinterpret_cast<double*>(*workspace + align_up(n * d * sizeof(float)));
  *workspace += operand_bytes(n, d);
  parallel_for(n, 4 * d, [&](int64_t i) {
    norms[i] = norm(d, x + i * ld);
    normalize_row(d, x + i * ld, norms[i], rows + i * d);
  });
  return {rows, d, norms};
}

struct Operands {
  Operand a, b;
};

template <class Args>
size_t operands_bytes(const Args& args) {
  return args.normalize ? operand_bytes(args.n, args.d) + operand_bytes(args.m, args.d) : 0;
}

template <class Args>
Operands operands(const Args& args, uint8_t** workspace) {
  if (!args.normalize) return {{args.a, args.lda, nullptr}, {args.b, args.ldb, nullptr}};
  const Operand a = unit_rows(args.n, args.d, args.a, args.lda, workspace);
  return {a, unit_rows(args.m, args.d, args.b, args.ldb, workspace)};
}

}  // namespace

size_t similarity_forward_workspace(const SimilarityForwardArgs& a) { return operands_bytes(a); }

int similarity_forward(const Exec& exec, const SimilarityForwardArgs& args) {
  auto* workspace = static_cast<uint8_t*>(exec.workspace);
  const auto [a, b] = operands(args, &workspace);
  return gemm({false, true, args.n, args.m, args.d, 1 / value_of(args.tau), a.rows, a.ld, b.rows,
               b.ld, 0, args.s, args.lds});
}

size_t similarity_backward_workspace(const SimilarityBackwardArgs& a) {
  const bool hidden_grad_a = a.grad_tau && !a.grad_a;
  return operands_bytes(a) + align_up(a.n * sizeof(double)) +
         (hidden_grad_a ? align_up(a.n * a.d * sizeof(float)) : 0);
}

int similarity_backward(const Exec& exec, const SimilarityBackwardArgs& args) {
  auto* workspace = static_cast<uint8_t*>(exec.workspace);
  const auto [a, b] = operands(args, &workspace);
  auto* const along = reinterpret_cast<double*>(workspace);  // <a_i, grad_a_i>
  float* grad_a = args.grad_a;
  int64_t ld = args.lda;
  if (!grad_a) {
    grad_a = reinterpret_cast<float*>(workspace + align_up(args.n * sizeof(double)));
    ld = args.d;
  }
  const float tau = value_of(args.tau);
  int error = 0;
  if (args.grad_a || args.grad_tau) {
    error = gemm({false, false, args.n, args.d, args.m, 1 / tau, args.grad_s, args.lds, b.rows,
                  b.ld, 0, grad_a, ld});
    parallel_for(args.n, 8 * args.d, [&](int64_t i) {
      const float* const row = a.rows + i * a.ld;
      float* const grad = grad_a + i * ld;
      along[i] = dot(args.d, row, grad);
      if (args.normalize) normalize_row_gradient(args.d, row, a.norms[i], grad, grad);
    });
  }
  if (args.grad_tau) {
    double sum = 0;
    for (int64_t i = 0; i < args.n; ++i) sum += along[i];
    *args.grad_tau = static_cast<float>(-sum / tau);
  }
  if (args.grad_b && error == 0) {
    error = gemm({true, false, args.m, args.d, args.n, 1 / tau, args.grad_s, args.lds, a.rows, a.ld,
                  0, args.grad_b, args.ldb});
    if (args.normalize) {
      parallel_for(args.m, 8 * args.d, [&](int64_t j) {
        float* const grad = args.grad_b + j * args.ldb;
        normalize_row_gradient(args.d, b.rows + j * b.ld, b.norms[j], grad, grad);
      });
    }
  }
  return error;
}

}  // namespace sslcuda::cpu
