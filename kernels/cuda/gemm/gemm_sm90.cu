// gemm_sm90.cu - the products that are stored, with the sm_90a loop.
#include "kernels/cuda/gemm/gemm_sm90.cuh"
#include "kernels/cuda/gemm/store.cuh"

namespace sslcuda::cuda {

template cudaError_t launch_product_sm90<Bf16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                     const Store<Bf16, Bf16>&);
template cudaError_t launch_product_sm90<Bf16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                     const Store<Bf16, float>&);
template cudaError_t launch_product_sm90<F16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                    const Store<F16, F16>&);
template cudaError_t launch_product_sm90<F16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                    const Store<F16, float>&);

}  // namespace sslcuda::cuda
