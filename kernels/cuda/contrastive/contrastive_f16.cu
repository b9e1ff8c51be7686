// contrastive_f16.cu - kernels with the scores' product of this dtype.
#include "kernels/cuda/contrastive/scores_product.cuh"

namespace sslcuda::cuda {

template cudaError_t launch_statistics<F16Number>(cudaStream_t, const Product&, const Scores&,
                                                  const StatisticsWave&, bool);
template cudaError_t launch_score_gradient<F16Number>(cudaStream_t, const Product&, const Scores&,
                                                      const GradientWave&, bool);

}  // namespace sslcuda::cuda
