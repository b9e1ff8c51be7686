// matmul.cu - c = alpha op(a) op(b) + beta c as one product.
#include "kernels/cuda/gemm/gemm.hpp"
#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

namespace {

Product product_of(const MatmulArgs& a) {
  return {a.dtype, a.transpose_a, a.transpose_b, a.m, a.n, a.k, a.a, a.lda, a.b, a.ldb};
}

}  // namespace

size_t matmul_workspace(const MatmulArgs& a) { return gemm_workspace(product_of(a)); }

int matmul(const Exec& exec, const MatmulArgs& a) {
  return gemm(stream_of(exec), exec.workspace, product_of(a),
              {.c = a.c, .ldc = a.ldc, .alpha = a.alpha, .beta = a.beta});
}

}  // namespace sslcuda::cuda
