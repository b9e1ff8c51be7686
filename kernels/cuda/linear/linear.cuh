// linear.cuh - g = grad_y act'(u), the gradient before the activation, kept for the two products
// and the bias sum of the backward. 12 bytes per element.
#pragma once

#include <device/launch.hpp>
#include <device/math.cuh>

namespace sslcuda::cuda {

struct ActivationGradientTile {
  static constexpr int kThreads = 256;
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    activation_gradient_kernel(const LinearBackwardArgs a, float* g) {
  const int64_t count = a.n * a.out, step = int64_t{gridDim.x} * Tile::kThreads;
  for (int64_t i = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x; i < count; i += step) {
    g[i] = activation_gradient(a.activation, a.y, a.grad_y, i);
  }
}

}  // namespace sslcuda::cuda
