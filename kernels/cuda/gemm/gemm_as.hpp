// gemm_as.hpp - gemm() by dtype: gemm_<dtype>.cu define it, gemm_as.cuh has the words.
#pragma once

#include <device/number.cuh>

#include "kernels/cuda/gemm/gemm.hpp"

namespace sslcuda::cuda {

template <class Number>
cudaError_t gemm_as(cudaStream_t stream, void* workspace, const Product& p,
                    const GemmOutput& output);

}  // namespace sslcuda::cuda
