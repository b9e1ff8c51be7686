// infonce.cuh - a wave of score rows s[i,:], i = first_row + block: row loss, and the gradient with
// respect to the scores in place of the scores.
//   row_loss[i] = lse_i - s[i,i]          p[i,j] = exp(s[i,j] - lse_i)
//   G[i,j]      = g (p[i,j] - [i = j]) / n
//   row_tau[i]  = sum_j G[i,j] s[i,j] = (g / n) sum_j p[i,j] (s[i,j] - s[i,i])
// A block owns a row: 4 bytes per score for the loss, 12 with gradients.
#pragma once

#include <device/log_sum_exp.cuh>
#include <device/math.cuh>

namespace sslcuda::cuda {

struct InfoNceWave {
  int64_t n, first_row;
  float* s;  // [rows of the wave, n]
  const float* grad_loss;
  float* row_loss;  // [n] or null
  float* row_tau;   // [n] or null
  bool needs_grad;  // of the scores
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) infonce_kernel(const InfoNceWave a) {
  auto& smem = simt::shared<BlockReduceSmem>();
  const int64_t i = a.first_row + blockIdx.x;
  float* const s = a.s + blockIdx.x * a.n;
  const float positive = s[i];
  LogSumExp share;
  for (int64_t j = threadIdx.x; j < a.n; j += Tile::kThreads) share.add(s[j]);
  // The reductions also keep threads from overwriting s[i] while others read it.
  const LogSumExp lse = block_merge(smem, share);
  if (threadIdx.x == 0 && a.row_loss) a.row_loss[i] = lse.minus(positive);

  const float scale = load_or(a.grad_loss, 1.0f) / static_cast<float>(a.n);
  if (a.row_tau) {
    float sum = 0.0f;
    for (int64_t j = threadIdx.x; j < a.n; j += Tile::kThreads) {
      sum += lse.softmax(s[j]) * (s[j] - positive);
    }
    sum = block_reduce(smem, sum, Sum{});
    if (threadIdx.x == 0) a.row_tau[i] = scale * sum;
  }
  if (!a.needs_grad) return;
  for (int64_t j = threadIdx.x; j < a.n; j += Tile::kThreads) {
    s[j] = scale * (lse.softmax(s[j]) - (j == i ? 1.0f : 0.0f));
  }
}

}  // namespace sslcuda::cuda
