// scores_product.cuh - launches of the scores' product, of one dtype.
#pragma once

#include "kernels/cuda/contrastive/scores_product.hpp"
#include "kernels/cuda/gemm/gemm.cuh"

namespace sslcuda::cuda {

template <class Number>
cudaError_t launch_statistics(cudaStream_t stream, const Product& p, const Scores& scores,
                              const StatisticsWave& wave, bool is_full) {
  const SplitPlan whole{1, p.k};
  if (is_full) return launch_product_as<Number>(stream, p, whole, FullStatistics{scores, wave});
  return launch_product_as<Number>(stream, p, whole, LeanStatistics{scores, wave});
}

template <class Number>
cudaError_t launch_score_gradient(cudaStream_t stream, const Product& p, const Scores& scores,
                                  const GradientWave& wave, bool is_full) {
  using T = typename Number::Storage;
  const SplitPlan whole{1, p.k};
  if (is_full) {
    return launch_product_as<Number>(stream, p, whole, ScoreGradient<T, true>{scores, wave});
  }
  return launch_product_as<Number>(stream, p, whole, ScoreGradient<T, false>{scores, wave});
}

}  // namespace sslcuda::cuda
