// linear.cuh - g = grad_y act'(u), the gradient before the activation, kept for the two products
// and the bias sum of the backward. Three elements moved for each.
#pragma once

#include <device/launch.hpp>
#include <device/math.cuh>

namespace sslcuda::cuda {

struct ActivationGradientTile {
  static constexpr int kThreads = 256;
};

template <class Tile, class T>
__global__ void __launch_bounds__(Tile::kThreads)
    activation_gradient_kernel(const LinearBackwardArgs a, T* g) {
  const T* const y = static_cast<const T*>(a.y);
  const T* const grad_y = static_cast<const T*>(a.grad_y);
  const int64_t count = a.n * a.out, step = int64_t{gridDim.x} * Tile::kThreads;
  for (int64_t i = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x; i < count; i += step) {
    g[i] = from_float<T>(activation_gradient(a.activation, y, grad_y, i));
  }
}

}  // namespace sslcuda::cuda
