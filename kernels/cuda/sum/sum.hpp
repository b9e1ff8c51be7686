// sum.hpp - sums in a fixed order, so the same bits every time.
#pragma once

#include <device/launch.hpp>

namespace sslcuda::cuda {

// factor, divided by *divisor where that is given; a divisor of 0 makes the result 0.
struct SumScale {
  float factor = 1.0f;
  const float* divisor = nullptr;
};

// *out = scale * sum of values. One block: meant for partial results and rows, not for whole
// tensors.
cudaError_t launch_sum(cudaStream_t stream, const float* values, int64_t count,
                       const SumScale& scale, float* out);

// out[j] = sum over rows of x[row, j]; x is [rows, columns]. dtype: of x and out; sums are float32.
size_t column_sum_workspace(int64_t rows, int64_t columns);
cudaError_t launch_column_sum(cudaStream_t stream, void* workspace, const void* x, int64_t rows,
                              int64_t columns, void* out, DType dtype = DType::kF32);

}  // namespace sslcuda::cuda
