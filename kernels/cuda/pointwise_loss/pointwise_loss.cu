// pointwise_loss.cu - choice of the loss and launches.
#include "kernels/cuda/pointwise_loss/pointwise_loss.cuh"

#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {
namespace {

using Tile = PointwiseLossTile;

int64_t blocks_of(const PointwiseLossArgs& a) { return ceil_div(a.count, Tile::chunk(a.count)); }

template <class Loss>
cudaError_t launch_terms(const Exec& exec, const PointwiseLossArgs& a) {
  return simt::launch(
      pointwise_loss_kernel<Tile, Loss>,
      {grid_1d(blocks_of(a)), Tile::kThreads, sizeof(BlockReduceSmem), stream_of(exec)}, a,
      Tile::chunk(a.count), static_cast<float*>(exec.workspace));
}

cudaError_t launch_kind(const Exec& exec, const PointwiseLossArgs& a) {
  switch (a.kind) {
    case PointwiseLoss::kSquare:
      return launch_terms<SquareLoss<false>>(exec, a);
    case PointwiseLoss::kSigmoidSquare:
      return launch_terms<SquareLoss<true>>(exec, a);
    default:
      return launch_terms<BinaryCrossEntropyLoss>(exec, a);
  }
}

}  // namespace

size_t pointwise_loss_workspace(const PointwiseLossArgs& a) {
  return a.loss ? blocks_of(a) * sizeof(float) : 0;
}

int pointwise_loss(const Exec& exec, const PointwiseLossArgs& a) {
  SSLCUDA_TRY(launch_kind(exec, a));
  if (!a.loss) return cudaSuccess;
  return launch_sum(stream_of(exec), static_cast<float*>(exec.workspace), blocks_of(a),
                    {1.0f / static_cast<float>(a.count)}, a.loss);
}

}  // namespace sslcuda::cuda
