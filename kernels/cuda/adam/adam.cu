// adam.cu - launch: as many blocks as all tensors have chunks.
#include "kernels/cuda/adam/adam.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

int adam_step(const Exec& exec, const AdamArgs& a) {
  int64_t chunks = 0;
  for (int t = 0; t < a.tensors; ++t) chunks += ceil_div(a.tensor[t].count, AdamTile::kChunk);
  return simt::launch(adam_step_kernel<AdamTile>,
                      {grid_1d(chunks), AdamTile::kThreads, sizeof(AdamFactors), stream_of(exec)},
                      a);
}

}  // namespace sslcuda::cuda
