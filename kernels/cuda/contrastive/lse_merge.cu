// lse_merge.cu - launch.
#include "kernels/cuda/contrastive/lse_merge.cuh"

#include <device/launch.hpp>

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

int lse_merge(const Exec& exec, const LseMergeArgs& a) {
  using Tile = LseMergeTile;
  const dim3 grid = grid_1d(ceil_div(a.count, Tile::kThreads));
  return simt::launch(lse_merge_kernel<Tile>, {grid, Tile::kThreads, 0, stream_of(exec)}, a);
}

}  // namespace sslcuda::cuda
