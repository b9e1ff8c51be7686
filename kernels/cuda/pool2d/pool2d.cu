// pool2d.cu - choice of kernel and launches.
#include "kernels/cuda/pool2d/pool2d.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {
namespace {

using Tile = Pool2dTile;

template <class Kind, int kLanes>
cudaError_t launch_forward(const Exec& exec, const Pool2dForwardArgs& a) {
  const Pool2dShape& s = a.shape;
  const int64_t blocks = ceil_div(s.n * s.c * s.out_h * s.out_w, Tile::kThreads / kLanes);
  return simt::launch(pool2d_kernel<Tile, Kind, kLanes>,
                      {grid_1d(blocks), Tile::kThreads, 0, stream_of(exec)}, a);
}

template <class Kind>
cudaError_t launch_kind(const Exec& exec, const Pool2dForwardArgs& a) {
  const bool large = a.shape.kernel_h * a.shape.kernel_w >= Tile::kLargeWindow;
  return large ? launch_forward<Kind, kWarp>(exec, a) : launch_forward<Kind, 1>(exec, a);
}

}  // namespace

int pool2d_forward(const Exec& exec, const Pool2dForwardArgs& a) {
  return a.kind == Pool::kMax ? launch_kind<LargestOf>(exec, a) : launch_kind<AverageOf>(exec, a);
}

int pool2d_backward(const Exec& exec, const Pool2dBackwardArgs& a) {
  const Pool2dShape& s = a.shape;
  const simt::Launch launch{grid_1d(ceil_div(s.n * s.c * s.h * s.w, Tile::kThreads)),
                            Tile::kThreads, 0, stream_of(exec)};
  return a.kind == Pool::kMax
             ? simt::launch(pool2d_backward_kernel<Tile, Pool::kMax>, launch, a)
             : simt::launch(pool2d_backward_kernel<Tile, Pool::kAverage>, launch, a);
}

}  // namespace sslcuda::cuda
