// adam.cu - launch: as many blocks as all tensors have chunks.
#include "kernels/cuda/adam/adam.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

int adam_step(const Exec& exec, const AdamArgs& a) {
  const dim3 grid = grid_1d(chunks_of<AdamTile>(a.list));
  return simt::launch(adam_step_kernel<AdamTile>,
                      {grid, AdamTile::kThreads, sizeof(AdamFactors), stream_of(exec)}, a);
}

}  // namespace sslcuda::cuda
