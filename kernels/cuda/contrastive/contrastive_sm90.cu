// contrastive_sm90.cu - the scores' product with the sm_90a loop.
#include "kernels/cuda/contrastive/score_gradient.cuh"
#include "kernels/cuda/gemm/gemm_sm90.cuh"

namespace sslcuda::cuda {

template cudaError_t launch_product_sm90<Bf16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                     const LeanStatistics&);
template cudaError_t launch_product_sm90<Bf16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                     const FullStatistics&);
template cudaError_t launch_product_sm90<Bf16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                     const ScoreGradient<Bf16, false>&);
template cudaError_t launch_product_sm90<Bf16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                     const ScoreGradient<Bf16, true>&);
template cudaError_t launch_product_sm90<F16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                    const LeanStatistics&);
template cudaError_t launch_product_sm90<F16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                    const FullStatistics&);
template cudaError_t launch_product_sm90<F16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                    const ScoreGradient<F16, false>&);
template cudaError_t launch_product_sm90<F16Number>(cudaStream_t, const Product&, const SplitPlan&,
                                                    const ScoreGradient<F16, true>&);

}  // namespace sslcuda::cuda
