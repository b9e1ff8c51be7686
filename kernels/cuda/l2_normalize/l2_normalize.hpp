// l2_normalize.hpp - normalisation of rows with leading dimensions, also for similarity.
#pragma once

#include <device/launch.hpp>

namespace sslcuda::cuda {

// y[i] = x[i] / |x[i]|; norms may be null
struct NormalizeRows {
  int64_t n, d;
  const float* x;
  int64_t ldx;
  float* y;
  int64_t ldy;
  float* norms;
};

// grad_x = (grad_y - y <y, grad_y>) / norm; grad_x may be grad_y
struct NormalizeRowsBackward {
  int64_t n, d;
  const float* y;
  int64_t ldy;
  const float* norms;
  const float* grad_y;
  float* grad_x;
  int64_t ldg;  // of grad_y and grad_x
};

cudaError_t launch_normalize(cudaStream_t stream, const NormalizeRows& rows);
cudaError_t launch_normalize_backward(cudaStream_t stream, const NormalizeRowsBackward& rows);

}  // namespace sslcuda::cuda
