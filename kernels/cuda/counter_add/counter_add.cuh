// counter_add.cuh - *counter += delta, by one thread.
#pragma once

#include <device/simt.cuh>

#include "kernels/args.hpp"

namespace sslcuda::cuda {

struct CounterTile {
  static constexpr int kThreads = 1;
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) counter_add_kernel(const CounterAddArgs a) {
  *a.counter += a.delta;
}

}  // namespace sslcuda::cuda
