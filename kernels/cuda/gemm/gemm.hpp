// gemm.hpp - matrix products that are stored: c = act(alpha x + bias) or alpha x + beta c, with
// x[i,j] = sum_k a[i,k] b[k,j]. Sums are made in float32 and a fixed order; k = 0 makes them 0.
#pragma once

#include <device/launch.hpp>

#include "kernels/cuda/gemm/product.hpp"

namespace sslcuda::cuda {

// What is done to the sums, in this order, and where they go.
struct GemmOutput {
  void* c;  // [m, n], rows ldc apart
  int64_t ldc;
  bool is_float = false;  // c is float32, whatever the dtype of the factors
  float alpha = 1.0f;
  const float* divisor = nullptr;         // [1], of alpha
  const float* row_factors = nullptr;     // [m]; both or none
  const float* column_factors = nullptr;  // [n]
  float beta = 0.0f;                      // of what c held; 0: it is not read
  const void* bias = nullptr;             // [n], as the factors are stored
  Activation activation = Activation::kNone;
};

// Bytes of workspace that gemm() needs, whatever the output.
size_t gemm_workspace(const Product& product);

cudaError_t gemm(cudaStream_t stream, void* workspace, const Product& product,
                 const GemmOutput& output);

}  // namespace sslcuda::cuda
