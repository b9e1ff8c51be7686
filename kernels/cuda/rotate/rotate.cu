// rotate.cu - launches.
#include "kernels/cuda/rotate/rotate.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

int rotate90(const Exec& exec, const Rotate90Args& a) {
  const int lanes = row_lanes(a.h);
  return simt::launch(rotate90_kernel<RowTile>, row_launch(a.n * a.c * a.h, lanes, stream_of(exec)),
                      a, lanes);
}

int rotate(const Exec& exec, const RotateArgs& a) {
  const int lanes = row_lanes(a.w);
  return simt::launch(rotate_kernel<RowTile>, row_launch(a.n * a.c * a.h, lanes, stream_of(exec)),
                      a, lanes);
}

}  // namespace sslcuda::cuda
