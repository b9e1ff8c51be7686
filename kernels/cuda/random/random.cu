// random.cu - launch: a thread per block of four numbers.
#include "kernels/cuda/random/random.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

int random(const Exec& exec, const RandomArgs& a) {
  using Tile = RandomTile;
  const auto kernel = a.distribution == Distribution::kNormal
                          ? random_kernel<Tile, Distribution::kNormal>
                          : random_kernel<Tile, Distribution::kUniform>;
  const bool aligned = reinterpret_cast<uintptr_t>(a.y) % alignof(float4) == 0;
  const dim3 grid = grid_1d(ceil_div(ceil_div(a.count, 4), Tile::kThreads));
  return simt::launch(kernel, {grid, Tile::kThreads, 0, stream_of(exec)}, a, aligned);
}

}  // namespace sslcuda::cuda
