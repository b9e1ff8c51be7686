// adam.cuh - one Adam step over a list of tensors.
//   m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
//   param -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// A block owns kChunk neighbouring elements of one tensor. The corrections are computed in double,
// once per block; elements in float32, as PyTorch does. 28 bytes per element.
#pragma once

#include "kernels/cuda/optimizer/tensor_list.cuh"

namespace sslcuda::cuda {

struct AdamTile {
  static constexpr int kThreads = 256;
  static constexpr int64_t kChunk = 1024;
};

// What all elements share.
struct AdamFactors {
  float step_size;        // lr / (1 - beta1^t)
  float root_correction;  // sqrt(1 - beta2^t)
};

__device__ __forceinline__ AdamFactors adam_factors(const AdamArgs& a) {
  const double t = static_cast<double>(a.step_device ? *a.step_device + 1 : a.step);
  const double lr = a.lr_device ? *a.lr_device : a.lr;
  return {static_cast<float>(lr / (1.0 - pow(a.beta1, t))),
          static_cast<float>(sqrt(1.0 - pow(a.beta2, t)))};
}

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    adam_step_kernel(const __grid_constant__ AdamArgs a) {
  auto& factors = simt::shared<AdamFactors>();
  if (threadIdx.x == 0) factors = adam_factors(a);
  __syncthreads();

  const TensorChunk chunk = chunk_of_block<Tile>(a.list);
  const OptimizedTensor& tensor = a.list.tensor[chunk.tensor];
  const auto beta1 = static_cast<float>(a.beta1), beta2 = static_cast<float>(a.beta2);
  const auto rest1 = static_cast<float>(1.0 - a.beta1), rest2 = static_cast<float>(1.0 - a.beta2);
  const auto eps = static_cast<float>(a.eps);
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += Tile::kThreads) {
    const float g = tensor.grad[i];
    const float m = beta1 * tensor.moment[i] + rest1 * g;
    const float v = beta2 * tensor.variance[i] + rest2 * g * g;
    tensor.moment[i] = m;
    tensor.variance[i] = v;
    tensor.param[i] -= factors.step_size * (m / (sqrtf(v) / factors.root_correction + eps));
  }
}

}  // namespace sslcuda::cuda
