// gemm.hpp - matrix products in float32, with what happens to the result plugged in.
//   c[i,j] = epilogue( sum_k a[i,k] b[k,j] ),  c [m, n]
// Sums are made in a fixed order. k = 0 gives the epilogue of 0.
#pragma once

#include <device/launch.hpp>

namespace sslcuda::cuda {

// N: stored as the formula has it, a [m, k], b [k, n]. T: stored transposed, a [k, m], b [n, k].
enum class GemmLayout { kNN, kNT, kTN };

struct Gemm {
  GemmLayout layout;
  int64_t m, n, k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  float* c;
  int64_t ldc;
};

// c = act(product + bias[j]); bias may be null. Layout NT only.
struct BiasActivation {
  const float* bias;
  Activation activation;
};

// c = product / divisor, plus what c held if `accumulate`
struct Divide {
  Scalar divisor = {1.0f, nullptr};
  bool accumulate = false;
};

// Bytes of workspace that gemm() needs for these extents, whatever the layout and epilogue.
size_t gemm_workspace(int64_t m, int64_t n, int64_t k);

cudaError_t gemm(cudaStream_t stream, void* workspace, const Gemm& g, const BiasActivation& how);
cudaError_t gemm(cudaStream_t stream, void* workspace, const Gemm& g, const Divide& how);

}  // namespace sslcuda::cuda
