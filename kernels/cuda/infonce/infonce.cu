// infonce.cu - waves of rows: scores by one product, their gradient in place, and from it a product
// for the wave's rows of grad_a and one that adds to grad_b, wave after wave in order.
#include "kernels/cuda/infonce/infonce.cuh"

#include "kernels/cuda/gemm/gemm.hpp"
#include "kernels/cuda/infonce/infonce_tile.hpp"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

namespace {

struct InfoNceWorkspace {
  InfoNceWorkspace(const InfoNceArgs& a, void* base) {
    WorkspaceLayout layout(base);
    const int64_t rows = infonce_wave_rows(a.n), last_rows = (a.n - 1) % rows + 1;
    scores = layout.floats(rows * a.n);
    row_loss = a.loss && !a.row_loss ? layout.floats(a.n) : a.row_loss;
    row_tau = a.grad_tau ? layout.floats(a.n) : nullptr;
    product = layout.bytes(std::max(product_bytes(a, rows), product_bytes(a, last_rows)));
    used = layout.used();
  }

  float *scores, *row_loss, *row_tau;
  void* product;
  size_t used;

 private:
  static size_t product_bytes(const InfoNceArgs& a, int64_t rows) {
    return std::max({gemm_workspace(rows, a.n, a.d), gemm_workspace(rows, a.d, a.n),
                     gemm_workspace(a.n, a.d, rows)});
  }
};

cudaError_t launch_rows(cudaStream_t stream, int64_t rows, const InfoNceWave& wave) {
  using Narrow = NarrowInfoNceTile;
  using Wide = WideInfoNceTile;
  const dim3 grid = grid_1d(rows);
  if (is_narrow_infonce(wave.n)) {
    return simt::launch(infonce_kernel<Narrow>,
                        {grid, Narrow::kThreads, sizeof(BlockReduceSmem), stream}, wave);
  }
  return simt::launch(infonce_kernel<Wide>, {grid, Wide::kThreads, sizeof(BlockReduceSmem), stream},
                      wave);
}

// grad_b first: where both gradients share a buffer, the first wave initialises all of it, and
// what belongs to grad_a is added.
cudaError_t launch_products(cudaStream_t stream, const InfoNceArgs& a, const InfoNceWorkspace& w,
                            int64_t first, int64_t rows) {
  if (a.grad_b) {  // grad_b += G^T a / tau
    SSLCUDA_TRY(gemm(stream, w.product,
                     {GemmLayout::kTN, a.n, a.d, rows, w.scores, a.n, a.a + first * a.lda, a.lda,
                      a.grad_b, a.ldb},
                     Divide{a.tau, first > 0}));
  }
  if (!a.grad_a) return cudaSuccess;
  return gemm(
      stream, w.product,  // grad_a = G b / tau
      {GemmLayout::kNN, rows, a.d, a.n, w.scores, a.n, a.b, a.ldb, a.grad_a + first * a.lda, a.lda},
      Divide{a.tau, a.grad_a == a.grad_b});
}

}  // namespace

size_t infonce_workspace(const InfoNceArgs& a) { return InfoNceWorkspace(a, nullptr).used; }

int infonce(const Exec& exec, const InfoNceArgs& a) {
  const cudaStream_t stream = stream_of(exec);
  const InfoNceWorkspace w(a, exec.workspace);
  const int64_t wave_rows = infonce_wave_rows(a.n);
  const bool needs_grad = a.grad_a || a.grad_b;
  for (int64_t first = 0; first < a.n; first += wave_rows) {
    const int64_t rows = std::min(wave_rows, a.n - first);
    SSLCUDA_TRY(gemm(
        stream, w.product,
        {GemmLayout::kNT, rows, a.n, a.d, a.a + first * a.lda, a.lda, a.b, a.ldb, w.scores, a.n},
        Divide{a.tau}));
    SSLCUDA_TRY(launch_rows(
        stream, rows, {a.n, first, w.scores, a.grad_loss, w.row_loss, w.row_tau, needs_grad}));
    SSLCUDA_TRY(launch_products(stream, a, w, first, rows));
  }
  if (a.loss) {
    SSLCUDA_TRY(launch_sum(stream, w.row_loss, a.n, {1.0f / static_cast<float>(a.n)}, a.loss));
  }
  if (!a.grad_tau) return cudaSuccess;
  // grad_tau = -(1 / tau) sum_ij G[i,j] s[i,j]
  const float factor = a.tau.device ? -1.0f : -1.0f / a.tau.value;
  return launch_sum(stream, w.row_tau, a.n, {factor, a.tau.device}, a.grad_tau);
}

}  // namespace sslcuda::cuda
