// linear_mse_sm90.cu - the last layer's product with the sm_90a loop.
#include "kernels/cuda/gemm/gemm_sm90.cuh"
#include "kernels/cuda/linear/squared_error.cuh"

namespace sslcuda::cuda {

template cudaError_t launch_product_sm90<Bf16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                     const SquaredError<Bf16>&);
template cudaError_t launch_product_sm90<F16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                    const SquaredError<F16>&);

}  // namespace sslcuda::cuda
