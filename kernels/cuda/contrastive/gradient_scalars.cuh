// gradient_scalars.cuh - gradients that are sums of G: of temperature and bias by one block, of
// column_bias by a thread for each column.
#pragma once

#include "kernels/cuda/contrastive/score_gradient.cuh"

namespace sslcuda::cuda {

struct ScalarsTile {
  static constexpr int kThreads = 1024;
};

// row_sums, own_sums: [n] or null. Where b is a, G has every pair twice.
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    gradient_scalars_kernel(const ContrastiveArgs a, const GradientSums* row_sums,
                            const GradientSums* own_sums, const Rates* rates) {
  auto& smem = simt::shared<BlockReduceSmem>();
  GradientSums sums;
  for (int64_t i = threadIdx.x; i < a.n; i += Tile::kThreads) {
    if (row_sums) sums.merge(row_sums[i]);
    if (own_sums) sums.merge(own_sums[i]);
  }
  const float temperature = block_reduce(smem, sums.temperature, Sum{});
  const float bias = block_reduce(smem, sums.bias, Sum{});
  if (threadIdx.x != 0) return;
  if (a.grad_bias) *a.grad_bias = rates->rate * bias;
  if (!a.grad_temperature) return;
  const Temperature& t = a.temperature;
  const float of_log_scale = rates->rate * (a.self ? 0.5f : 1.0f) * temperature;
  const float of_tau = -load_scale(t) * of_log_scale;
  *a.grad_temperature = is_limited(t) ? 0.0f : t.log_scale ? of_log_scale : of_tau;
}

struct ColumnBiasTile {
  static constexpr int kThreads = 256;
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    grad_column_bias_kernel(int64_t m, const TotalStat* sums, const Rates* rates, float* grad) {
  const int64_t j = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x;
  if (j < m) grad[j] = rates->rate * sums[j].value;
}

}  // namespace sslcuda::cuda
