// mse.cu - launches.
#include "kernels/cuda/mse/mse.cuh"

#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

size_t mse_workspace(const MseArgs& a) {
  return a.loss ? ceil_div(a.count, MseTile::kChunk) * sizeof(float) : 0;
}

int mse(const Exec& exec, const MseArgs& a) {
  const auto partial = static_cast<float*>(exec.workspace);
  const int64_t blocks = ceil_div(a.count, MseTile::kChunk);
  SSLCUDA_TRY(simt::launch(
      mse_kernel<MseTile>,
      {grid_1d(blocks), MseTile::kThreads, sizeof(BlockReduceSmem), stream_of(exec)}, a, partial));
  if (!a.loss) return cudaSuccess;
  return launch_sum(stream_of(exec), partial, blocks, {1.0f / static_cast<float>(a.count)}, a.loss);
}

}  // namespace sslcuda::cuda
