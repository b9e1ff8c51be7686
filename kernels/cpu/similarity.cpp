// similarity.cpp - s = a b^T / tau, of unit rows if wanted, and its gradients. Unit rows are made
// in the workspace first, so that neither tiny nor huge rows lose their product.
#include "kernels/cpu/operands.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/rows.hpp"
#include "kernels/cpu/stored.hpp"

namespace sslcuda::cpu {
namespace {

float value_of(const Scalar& scalar) { return scalar.device ? *scalar.device : scalar.value; }

template <class Args>
Rows rows_of_a(const Args& args) {
  return {args.dtype, args.normalize, args.n, args.d, args.a, args.lda};
}
template <class Args>
Rows rows_of_b(const Args& args) {
  return {args.dtype, args.normalize, args.m, args.d, args.b, args.ldb};
}

struct ForwardScratch {
  ForwardScratch(const SimilarityForwardArgs& args, Arena& arena)
      : a(make_operand(rows_of_a(args), arena)),
        b(make_operand(rows_of_b(args), arena)),
        band(take_band(args.dtype, args.n, args.m, arena)) {}

  Operand a, b;
  float* band;
};

struct BackwardScratch {
  BackwardScratch(const SimilarityBackwardArgs& args, Arena& arena)
      : a(make_operand(rows_of_a(args), arena)),
        b(make_operand(rows_of_b(args), arena)),
        grad_a(make_gathered(rows_of_a(args), args.grad_a, arena)),
        grad_b(make_gathered(rows_of_b(args), args.grad_b, arena)),
        band(take_band(args.dtype, args.n, args.m, arena)),
        along(arena.take<double>(args.n)) {
    if (args.grad_tau && !args.grad_a) grad_a = {arena.take<float>(args.n * args.d), args.d};
  }

  Operand a, b;
  Gathered grad_a, grad_b;
  float* band;    // of grad_s
  double* along;  // [n]: <a[i], grad_a[i]>
};

// The products with rows [first, first + rows) of grad_s, which are g.
int multiply(const SimilarityBackwardArgs& args, const BackwardScratch& s, float scale,
             int64_t first, int64_t rows, const float* g, int64_t ldg) {
  int error = 0;
  if (s.grad_a.rows) {
    error = gemm({false, false, rows, args.d, args.m, scale, g, ldg, s.b.rows, s.b.ld, 0,
                  s.grad_a.row(first), s.grad_a.ld});
  }
  if (s.grad_b.rows && error == 0) {
    error = gemm({true, false, args.m, args.d, rows, scale, g, ldg, s.a.row(first), s.a.ld,
                  first == 0 ? 0.0f : 1.0f, s.grad_b.rows, s.grad_b.ld});
  }
  return error;
}

int multiply_all(const SimilarityBackwardArgs& args, const BackwardScratch& s, float scale) {
  if (is_float32(args.dtype)) {
    return multiply(args, s, scale, 0, args.n, static_cast<const float*>(args.grad_s), args.lds);
  }
  const int64_t band = band_rows(args.n, args.m);
  int error = 0;
  for (int64_t first = 0; first < args.n && error == 0; first += band) {
    const int64_t rows = std::min(band, args.n - first);
    rows_to_float(args.dtype, rows, args.m, element(args.dtype, args.grad_s, first * args.lds),
                  args.lds, s.band, args.m);
    error = multiply(args, s, scale, first, rows, s.band, args.m);
  }
  return error;
}

}  // namespace

size_t similarity_forward_workspace(const SimilarityForwardArgs& args) {
  Arena arena(nullptr);
  const ForwardScratch scratch(args, arena);
  return arena.bytes();
}

int similarity_forward(const Exec& exec, const SimilarityForwardArgs& args) {
  Arena arena(exec.workspace);
  const ForwardScratch s(args, arena);
  return gemm_stored(args.dtype,
                     {false, true, args.n, args.m, args.d, 1 / value_of(args.tau), s.a.rows, s.a.ld,
                      s.b.rows, s.b.ld, 0, nullptr, args.lds},
                     args.s, s.band);
}

size_t similarity_backward_workspace(const SimilarityBackwardArgs& args) {
  Arena arena(nullptr);
  const BackwardScratch scratch(args, arena);
  return arena.bytes();
}

int similarity_backward(const Exec& exec, const SimilarityBackwardArgs& args) {
  Arena arena(exec.workspace);
  const BackwardScratch s(args, arena);
  const float tau = value_of(args.tau);
  const int error = multiply_all(args, s, 1 / tau);
  if (args.grad_tau) {
    parallel_for(args.n, 2 * args.d,
                 [&](int64_t i) { s.along[i] = dot(args.d, s.a.row(i), s.grad_a.row(i)); });
    double sum = 0;
    for (int64_t i = 0; i < args.n; ++i) sum += s.along[i];
    *args.grad_tau = static_cast<float>(-sum / tau);
  }
  finish_gradient(rows_of_a(args), s.a, s.grad_a, args.grad_a);
  finish_gradient(rows_of_b(args), s.b, s.grad_b, args.grad_b);
  return error;
}

}  // namespace sslcuda::cpu
