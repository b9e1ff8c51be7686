// own_columns.hpp - launches of the kernels for columns of each row's own.
#pragma once

#include "kernels/cuda/contrastive/contrastive_workspace.hpp"

namespace sslcuda::cuda {

// Scores of the own columns, and then the limits of rows where there is a margin.
cudaError_t launch_own_scores(cudaStream_t stream, const ContrastiveWorkspace& w,
                              const Scores& scores);

// Their gradients, and what they add to rows [first, first + rows) of grad_a, float32.
struct OwnGradientRows {
  int64_t first, rows;
  float* grad_a;  // rows ld apart, or null
  int64_t ld;
  bool add;
};
cudaError_t launch_own_gradient(cudaStream_t stream, const ContrastiveWorkspace& w,
                                const Scores& scores, const OwnGradientRows& rows);

// SAMPLED: a wave of G.
cudaError_t launch_sampled_gradient(cudaStream_t stream, const ContrastiveWorkspace& w,
                                    const Scores& scores, const GradientWave& wave);

}  // namespace sslcuda::cuda
