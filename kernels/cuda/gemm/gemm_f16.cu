// gemm_f16.cu - kernels of stored products of this dtype.
#include "kernels/cuda/gemm/gemm_as.cuh"

namespace sslcuda::cuda {

template cudaError_t gemm_as<F16Number>(cudaStream_t, void*, const Product&, const GemmOutput&);

}  // namespace sslcuda::cuda
