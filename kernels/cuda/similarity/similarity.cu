// similarity.cu - scores as one product, with 1 / tau where they are stored; gradients as two.
// With `normalize` scores are made of scaled rows (l2_normalize.hpp), gradients of unit rows.
#include "kernels/cuda/gemm/gemm.hpp"
#include "kernels/cuda/l2_normalize/l2_normalize.hpp"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

namespace {

// 1 / tau, as a product takes it.
GemmOutput over_tau(const Scalar& tau, void* c, int64_t ldc, bool is_float) {
  const float alpha = tau.device ? 1.0f : 1.0f / tau.value;
  return {.c = c, .ldc = ldc, .is_float = is_float, .alpha = alpha, .divisor = tau.device};
}

// Rows of one side as the product takes them: the caller's, or in the workspace.
struct Rows {
  const void* data;
  int64_t ld;
  void* made;  // null where the caller's rows are taken
  float* norms;
  float* factors;

  template <class Args>
  cudaError_t make(cudaStream_t stream, const Args& args, int64_t n, const void* x,
                   int64_t ldx) const {
    if (!made) return cudaSuccess;
    return launch_normalize(stream, {args.dtype, n, args.d, x, ldx, made, args.d, norms, factors});
  }
};

template <class Args>
Rows lay_out_rows(WorkspaceLayout& layout, const Args& args, int64_t n, const void* x, int64_t ldx,
                  bool scaled) {
  if (!args.normalize) return {x, ldx, nullptr, nullptr, nullptr};
  void* const made = layout.bytes(n * args.d * element_size(args.dtype));
  float* const per_row = layout.floats(n);
  return {made, args.d, made, scaled ? nullptr : per_row, scaled ? per_row : nullptr};
}

struct Forward {
  Forward(const SimilarityForwardArgs& args, void* base)
      : layout(base),
        a(lay_out_rows(layout, args, args.n, args.a, args.lda, true)),
        b(lay_out_rows(layout, args, args.m, args.b, args.ldb, true)),
        product{args.dtype, false, true, args.n, args.m, args.d, a.data, a.ld, b.data, b.ld} {
    scratch = layout.bytes(gemm_workspace(product));
  }

  WorkspaceLayout layout;
  Rows a, b;
  Product product;
  void* scratch;
};

struct Backward {
  Backward(const SimilarityBackwardArgs& args, void* base)
      : layout(base),
        a(lay_out_rows(layout, args, args.n, args.a, args.lda, false)),
        b(lay_out_rows(layout, args, args.m, args.b, args.ldb, false)),
        for_a{args.dtype, false,       false,    args.n, args.d,
              args.m,     args.grad_s, args.lds, b.data, b.ld},
        for_b{args.dtype, true,        false,    args.m, args.d,
              args.n,     args.grad_s, args.lds, a.data, a.ld} {
    const bool needs_a = args.grad_a || args.grad_tau;
    const bool finishes_a = args.normalize || args.grad_tau;
    dots = args.grad_tau ? layout.floats(args.n) : nullptr;
    const int64_t rows =
        std::max(needs_a && finishes_a ? args.n : 0, args.grad_b && args.normalize ? args.m : 0);
    grad_u = rows > 0 ? layout.floats(rows * args.d) : nullptr;
    scratch = layout.bytes(
        std::max(needs_a ? gemm_workspace(for_a) : 0, args.grad_b ? gemm_workspace(for_b) : 0));
  }

  WorkspaceLayout layout;
  Rows a, b;
  Product for_a, for_b;  // grad_a = G b / tau, grad_b = G^T a / tau
  float* dots;           // [n], <a[i], grad_a[i]>, of which grad_tau is the sum
  float* grad_u;         // gradient of rows before `finish`, of both sides in turn; null if none
  void* scratch;
};

// The gradient of one side: with grad_u or dots first that of the rows as the product took them.
cudaError_t launch_side(cudaStream_t stream, const Backward& w, const SimilarityBackwardArgs& args,
                        const Product& product, const Rows& rows, void* grad, int64_t ld,
                        float* dots) {
  if (!rows.norms && !dots) {
    return gemm(stream, w.scratch, product, over_tau(args.tau, grad, ld, false));
  }
  SSLCUDA_TRY(gemm(stream, w.scratch, product, over_tau(args.tau, w.grad_u, args.d, true)));
  return launch_normalize_backward(stream, {.dtype = args.dtype,
                                            .n = product.m,
                                            .d = args.d,
                                            .y = rows.data,
                                            .ldy = rows.ld,
                                            .norms = rows.norms,
                                            .grad_u = w.grad_u,
                                            .ldg = args.d,
                                            .grad_x = grad,
                                            .ldx = ld,
                                            .dots = dots});
}

}  // namespace

size_t similarity_forward_workspace(const SimilarityForwardArgs& args) {
  return Forward(args, nullptr).layout.used();
}

int similarity_forward(const Exec& exec, const SimilarityForwardArgs& args) {
  const cudaStream_t stream = stream_of(exec);
  const Forward w(args, exec.workspace);
  SSLCUDA_TRY(w.a.make(stream, args, args.n, args.a, args.lda));
  SSLCUDA_TRY(w.b.make(stream, args, args.m, args.b, args.ldb));
  GemmOutput output = over_tau(args.tau, args.s, args.lds, false);
  output.row_factors = w.a.factors;
  output.column_factors = w.b.factors;
  return gemm(stream, w.scratch, w.product, output);
}

size_t similarity_backward_workspace(const SimilarityBackwardArgs& args) {
  return Backward(args, nullptr).layout.used();
}

int similarity_backward(const Exec& exec, const SimilarityBackwardArgs& args) {
  const cudaStream_t stream = stream_of(exec);
  const Backward w(args, exec.workspace);
  SSLCUDA_TRY(w.a.make(stream, args, args.n, args.a, args.lda));
  SSLCUDA_TRY(w.b.make(stream, args, args.m, args.b, args.ldb));
  if (args.grad_a || args.grad_tau) {
    SSLCUDA_TRY(launch_side(stream, w, args, w.for_a, w.a, args.grad_a, args.lda, w.dots));
  }
  if (args.grad_tau) {  // -(1 / tau) sum_i <a_i, grad_a_i>
    const float factor = args.tau.device ? -1.0f : -1.0f / args.tau.value;
    SSLCUDA_TRY(launch_sum(stream, w.dots, args.n, {factor, args.tau.device}, args.grad_tau));
  }
  if (!args.grad_b) return cudaSuccess;
  return launch_side(stream, w, args, w.for_b, w.b, args.grad_b, args.ldb, nullptr);
}

}  // namespace sslcuda::cuda
