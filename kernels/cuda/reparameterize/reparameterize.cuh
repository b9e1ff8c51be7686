// reparameterize.cuh - z = mu + exp(logvar / 2) noise, its divergence from the standard normal
// distribution, and their gradients.
// Blocks take rows as in rows.cuh. Forward: mu, logvar and noise once, z once; a block leaves the
// sum of its terms of the divergence in partial[block], and a second launch of one block adds these
// up in a fixed order. Backward: the same and grad_z once, both gradients once.
#pragma once

#include <device/math.cuh>
#include <device/reduce.cuh>
#include <device/rows.cuh>

#include "kernels/args_layers.hpp"
#include "kernels/exp_rest.hpp"

namespace sslcuda::cuda {

__device__ __forceinline__ float exp_rest(float v) {
  return fabsf(v) < 0.5f ? exp_rest_near(v) : expm1f(v) - v;
}

__global__ void __launch_bounds__(RowTile::kThreads)
    reparameterize_kernel(const ReparameterizeForwardArgs a, int lanes, float* partial) {
  float sum = 0.0f;
  const RowShare share = row_share(lanes);
  for (int64_t i = share.first_row; i < a.n; i += share.row_step) {
    for (int64_t k = share.lane; k < a.d; k += lanes) {
      const float mu = a.mu[i * a.ld + k], logvar = a.logvar[i * a.ld + k];
      if (a.z) a.z[i * a.d + k] = mu + expf(0.5f * logvar) * a.noise[i * a.d + k];
      sum += mu * mu + exp_rest(logvar);
    }
  }
  if (!a.kl) return;
  sum = block_reduce(simt::shared<BlockReduceSmem>(), sum, Sum{});
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(RowTile::kThreads)
    reparameterize_backward_kernel(const ReparameterizeBackwardArgs a, int lanes) {
  const float scale = load_or(a.grad_kl, 1.0f) / static_cast<float>(a.n);
  const RowShare share = row_share(lanes);
  for (int64_t i = share.first_row; i < a.n; i += share.row_step) {
    for (int64_t k = share.lane; k < a.d; k += lanes) {
      const float mu = a.mu[i * a.ld + k], logvar = a.logvar[i * a.ld + k];
      float grad_mu = scale * mu, grad_logvar = 0.5f * scale * expm1f(logvar);
      if (a.grad_z) {
        const float g = a.grad_z[i * a.d + k];
        grad_mu += g;
        grad_logvar += 0.5f * g * a.noise[i * a.d + k] * expf(0.5f * logvar);
      }
      a.grad_mu[i * a.ld + k] = grad_mu;
      a.grad_logvar[i * a.ld + k] = grad_logvar;
    }
  }
}

}  // namespace sslcuda::cuda
