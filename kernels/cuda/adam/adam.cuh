// adam.cuh - one Adam step over a list of tensors.
//   m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
//   param -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// A block owns kChunk neighbouring elements of one tensor: 28 bytes each, 16 at a time where all
// four arrays are aligned to that. The corrections are computed in double, once per block, while
// these elements are on their way; elements in float32, as PyTorch does.
#pragma once

#include <device/reduce.cuh>
#include <device/vector.cuh>

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

// By two warps, as each power takes as long as a read of device memory.
__device__ __forceinline__ void find_factors(const AdamArgs& a, AdamFactors& factors) {
  const double t = static_cast<double>(a.step_device ? *a.step_device + 1 : a.step);
  if (threadIdx.x == 0) {
    const double lr = a.lr_device ? *a.lr_device : a.lr;
    factors.step_size = static_cast<float>(lr / (1.0 - pow(a.beta1, t)));
  } else if (threadIdx.x == kWarp) {
    factors.root_correction = static_cast<float>(sqrt(1.0 - pow(a.beta2, t)));
  }
}

// kCount neighbours from place i of a tensor on.
template <int kCount>
struct AdamElements {
  Vector<float, kCount> param, grad, moment, variance;

  __device__ AdamElements(const OptimizedTensor& tensor, int64_t i)
      : param(vector_at<kCount>(tensor.param + i)),
        grad(vector_at<kCount>(tensor.grad + i)),
        moment(vector_at<kCount>(tensor.moment + i)),
        variance(vector_at<kCount>(tensor.variance + i)) {}

  __device__ __forceinline__ void update(const AdamArgs& a, const AdamFactors& factors) {
    const auto beta1 = static_cast<float>(a.beta1), beta2 = static_cast<float>(a.beta2);
    const auto rest1 = static_cast<float>(1.0 - a.beta1), rest2 = static_cast<float>(1.0 - a.beta2);
    const auto eps = static_cast<float>(a.eps);
#pragma unroll
    for (int e = 0; e < kCount; ++e) {
      const float g = grad.at[e];
      const float m = beta1 * moment.at[e] + rest1 * g;
      const float v = beta2 * variance.at[e] + rest2 * g * g;
      moment.at[e] = m;
      variance.at[e] = v;
      param.at[e] -= factors.step_size * (m / (sqrtf(v) / factors.root_correction + eps));
    }
  }

  __device__ __forceinline__ void store(const OptimizedTensor& tensor, int64_t i) const {
    vector_at<kCount>(tensor.param + i) = param;
    vector_at<kCount>(tensor.moment + i) = moment;
    vector_at<kCount>(tensor.variance + i) = variance;
  }
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    adam_step_kernel(const __grid_constant__ AdamArgs a) {
  constexpr int kCount = Tile::kChunk / Tile::kThreads;
  auto& factors = simt::shared<AdamFactors>();
  const TensorChunk chunk = chunk_of_block<Tile>(a.list);
  const OptimizedTensor& tensor = a.list.tensor[chunk.tensor];
  const bool aligned =
      lie_in_vectors<kCount>(tensor.param, tensor.grad, tensor.moment, tensor.variance);
  if (aligned && chunk.end - chunk.begin == Tile::kChunk) {
    const int64_t i = chunk.begin + kCount * threadIdx.x;
    AdamElements<kCount> elements(tensor, i);
    find_factors(a, factors);
    __syncthreads();
    elements.update(a, factors);
    elements.store(tensor, i);
    return;
  }
  find_factors(a, factors);
  __syncthreads();
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += Tile::kThreads) {
    AdamElements<1> element(tensor, i);
    element.update(a, factors);
    element.store(tensor, i);
  }
}

}  // namespace sslcuda::cuda
