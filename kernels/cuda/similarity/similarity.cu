// similarity.cu - scores as one product, with 1 / tau where they are stored; gradients as two.
// With `normalize` the unit rows are made first, in the workspace: products of raw rows of norm
// 1e30 would overflow before a division by the norms.
#include "kernels/cuda/similarity/similarity.cuh"

#include "kernels/cuda/gemm/gemm.hpp"
#include "kernels/cuda/l2_normalize/l2_normalize.hpp"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

namespace {

// Rows as the product takes them: given by the caller, or unit rows in the workspace.
struct Rows {
  const float* data;
  int64_t ld;
  float* unit;  // [n, d]; null where the caller's rows are taken
  float* norms;
};

Rows lay_out_rows(WorkspaceLayout& layout, const float* x, int64_t ldx, int64_t n, int64_t d,
                  bool normalize) {
  if (!normalize) return {x, ldx, nullptr, nullptr};
  float* const unit = layout.floats(n * d);
  return {unit, d, unit, layout.floats(n)};
}

cudaError_t make_rows(cudaStream_t stream, const Rows& rows, const float* x, int64_t ldx, int64_t n,
                      int64_t d) {
  if (!rows.norms) return cudaSuccess;
  return launch_normalize(stream, {n, d, x, ldx, rows.unit, d, rows.norms});
}

template <class Args>
struct RowsWorkspace {
  RowsWorkspace(const Args& args, WorkspaceLayout& layout)
      : a(lay_out_rows(layout, args.a, args.lda, args.n, args.d, args.normalize)),
        b(lay_out_rows(layout, args.b, args.ldb, args.m, args.d, args.normalize)) {}

  cudaError_t make(cudaStream_t stream, const Args& args) const {
    SSLCUDA_TRY(make_rows(stream, a, args.a, args.lda, args.n, args.d));
    return make_rows(stream, b, args.b, args.ldb, args.m, args.d);
  }

  Rows a, b;
};

struct ForwardWorkspace {
  ForwardWorkspace(const SimilarityForwardArgs& args, void* base)
      : layout(base), rows(args, layout) {
    product = layout.bytes(gemm_workspace(args.n, args.m, args.d));
  }

  WorkspaceLayout layout;
  RowsWorkspace<SimilarityForwardArgs> rows;
  void* product;
};

struct BackwardWorkspace {
  BackwardWorkspace(const SimilarityBackwardArgs& args, void* base)
      : layout(base), rows(args, layout) {
    const bool needs_grad_a = args.grad_a || args.grad_tau;
    row_dots = args.grad_tau ? layout.floats(args.n) : nullptr;
    grad_a = args.grad_a || !needs_grad_a ? args.grad_a : layout.floats(args.n * args.d);
    ld_grad_a = args.grad_a ? args.lda : args.d;
    const size_t for_a = needs_grad_a ? gemm_workspace(args.n, args.d, args.m) : 0;
    const size_t for_b = args.grad_b ? gemm_workspace(args.m, args.d, args.n) : 0;
    product = layout.bytes(std::max(for_a, for_b));
  }

  WorkspaceLayout layout;
  RowsWorkspace<SimilarityBackwardArgs> rows;
  float* row_dots;
  float* grad_a;  // the caller's, or one of the workspace where only grad_tau needs it
  int64_t ld_grad_a;
  void* product;
};

// grad_tau = -(1 / tau) sum_i <a_i, grad_a_i>, of the rows as the product takes them
cudaError_t launch_grad_tau(cudaStream_t stream, const SimilarityBackwardArgs& args,
                            const BackwardWorkspace& w) {
  using Tile = RowDotTile;
  const RowDot dots{args.n, args.d, w.rows.a.data, w.rows.a.ld, w.grad_a, w.ld_grad_a, w.row_dots};
  SSLCUDA_TRY(simt::launch(row_dot_kernel<Tile>,
                           {grid_1d(ceil_div(args.n, Tile::kRows)), Tile::kThreads, 0, stream},
                           dots));
  const float factor = args.tau.device ? -1.0f : -1.0f / args.tau.value;
  return launch_sum(stream, w.row_dots, args.n, {factor, args.tau.device}, args.grad_tau);
}

// From the gradient of unit rows to that of the caller's, in place.
cudaError_t launch_through_norm(cudaStream_t stream, const Rows& rows, int64_t n, int64_t d,
                                float* grad, int64_t ld) {
  if (!rows.norms) return cudaSuccess;
  return launch_normalize_backward(stream, {n, d, rows.data, rows.ld, rows.norms, grad, grad, ld});
}

}  // namespace

size_t similarity_forward_workspace(const SimilarityForwardArgs& args) {
  return ForwardWorkspace(args, nullptr).layout.used();
}

int similarity_forward(const Exec& exec, const SimilarityForwardArgs& args) {
  const cudaStream_t stream = stream_of(exec);
  const ForwardWorkspace w(args, exec.workspace);
  SSLCUDA_TRY(w.rows.make(stream, args));
  const auto& [a, b] = w.rows;
  return gemm(
      stream, w.product,
      {GemmLayout::kNT, args.n, args.m, args.d, a.data, a.ld, b.data, b.ld, args.s, args.lds},
      Divide{args.tau});
}

size_t similarity_backward_workspace(const SimilarityBackwardArgs& args) {
  return BackwardWorkspace(args, nullptr).layout.used();
}

int similarity_backward(const Exec& exec, const SimilarityBackwardArgs& args) {
  const cudaStream_t stream = stream_of(exec);
  const BackwardWorkspace w(args, exec.workspace);
  SSLCUDA_TRY(w.rows.make(stream, args));
  const auto& [a, b] = w.rows;
  if (w.grad_a) {  // grad_a = G b / tau
    SSLCUDA_TRY(gemm(stream, w.product,
                     {GemmLayout::kNN, args.n, args.d, args.m, args.grad_s, args.lds, b.data, b.ld,
                      w.grad_a, w.ld_grad_a},
                     Divide{args.tau}));
  }
  if (args.grad_tau) SSLCUDA_TRY(launch_grad_tau(stream, args, w));
  if (args.grad_a) {
    SSLCUDA_TRY(launch_through_norm(stream, a, args.n, args.d, args.grad_a, args.lda));
  }
  if (!args.grad_b) return cudaSuccess;
  SSLCUDA_TRY(gemm(stream, w.product,  // grad_b = G^T a / tau
                   {GemmLayout::kTN, args.m, args.d, args.n, args.grad_s, args.lds, a.data, a.ld,
                    args.grad_b, args.ldb},
                   Divide{args.tau}));
  return launch_through_norm(stream, b, args.m, args.d, args.grad_b, args.ldb);
}

}  // namespace sslcuda::cuda
