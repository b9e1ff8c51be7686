// l2_normalize.cu - choice of tile and launches.
#include "kernels/cuda/l2_normalize/l2_normalize.cuh"

#include "kernels/cuda/l2_normalize/l2_normalize_tile.hpp"
#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

namespace {

template <class Tile>
simt::Launch row_blocks(int64_t n, cudaStream_t stream) {
  return {grid_1d(n), Tile::kThreads, sizeof(BlockReduceSmem), stream};
}

}  // namespace

cudaError_t launch_normalize(cudaStream_t stream, const NormalizeRows& a) {
  using Narrow = NarrowNormalizeTile;
  using Wide = WideNormalizeTile;
  return visit_storage(a.dtype, [&](auto x) {
    using T = decltype(x);
    if (is_narrow_normalize(a.d)) {
      return simt::launch(l2_normalize_forward_kernel<Narrow, T>, row_blocks<Narrow>(a.n, stream),
                          a);
    }
    return simt::launch(l2_normalize_forward_kernel<Wide, T>, row_blocks<Wide>(a.n, stream), a);
  });
}

cudaError_t launch_normalize_backward(cudaStream_t stream, const NormalizeRowsBackward& a) {
  using Narrow = NarrowNormalizeTile;
  using Wide = WideNormalizeTile;
  return visit_storage(a.dtype, [&](auto x) {
    using T = decltype(x);
    if (is_narrow_normalize(a.d)) {
      return simt::launch(l2_normalize_backward_kernel<Narrow, T>, row_blocks<Narrow>(a.n, stream),
                          a);
    }
    return simt::launch(l2_normalize_backward_kernel<Wide, T>, row_blocks<Wide>(a.n, stream), a);
  });
}

int l2_normalize_forward(const Exec& exec, const L2NormalizeForwardArgs& a) {
  return launch_normalize(stream_of(exec), {DType::kF32, a.n, a.d, a.x, a.d, a.y, a.d, a.norms});
}

int l2_normalize_backward(const Exec& exec, const L2NormalizeBackwardArgs& a) {
  return launch_normalize_backward(
      stream_of(exec), {DType::kF32, a.n, a.d, a.y, a.d, a.norms, a.grad_y, a.d, a.grad_x, a.d});
}

}  // namespace sslcuda::cuda
