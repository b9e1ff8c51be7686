// scores_product.hpp - the scores' product with what is made of them, by dtype:
// contrastive_<dtype>.cu define it, scores_product.cuh has the words.
#pragma once

#include "kernels/cuda/contrastive/score_gradient.cuh"
#include "kernels/cuda/gemm/product.hpp"

namespace sslcuda::cuda {

template <class Number>
cudaError_t launch_statistics(cudaStream_t stream, const Product& product, const Scores& scores,
                              const StatisticsWave& wave, bool is_full);

template <class Number>
cudaError_t launch_score_gradient(cudaStream_t stream, const Product& product, const Scores& scores,
                                  const GradientWave& wave, bool is_full);

}  // namespace sslcuda::cuda
