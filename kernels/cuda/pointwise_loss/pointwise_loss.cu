// pointwise_loss.cu - choice of the loss and launches.
#include "kernels/cuda/pointwise_loss/pointwise_loss.cuh"

#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {
namespace {

using Tile = PointwiseLossTile;

template <class Loss>
cudaError_t launch_terms(const Exec& exec, const PointwiseLossArgs& a) {
  return simt::launch(pointwise_loss_kernel<Tile, Loss>,
                      {grid_1d(ceil_div(a.count, Tile::kChunk)), Tile::kThreads,
                       sizeof(BlockReduceSmem), stream_of(exec)},
                      a, static_cast<float*>(exec.workspace));
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
  return a.loss ? ceil_div(a.count, Tile::kChunk) * sizeof(float) : 0;
}

int pointwise_loss(const Exec& exec, const PointwiseLossArgs& a) {
  SSLCUDA_TRY(launch_kind(exec, a));
  if (!a.loss) return cudaSuccess;
  return launch_sum(stream_of(exec), static_cast<float*>(exec.workspace),
                    ceil_div(a.count, Tile::kChunk), {1.0f / static_cast<float>(a.count)}, a.loss);
}

}  // namespace sslcuda::cuda
