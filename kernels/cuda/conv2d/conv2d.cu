// conv2d.cu - choice of tiles and launches.
#include "kernels/cuda/conv2d/conv2d.cuh"

#include "kernels/cuda/conv2d/conv2d_tile.hpp"
#include "kernels/cuda/conv2d/conv2d_weight.cuh"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

namespace {

template <class Tile, class Gather>
cudaError_t launch_gather(cudaStream_t stream, const Gather& gather, int64_t channels,
                          int64_t pixels) {
  const int64_t blocks = ceil_div(pixels, Tile::kThreads) * ceil_div(channels, Tile::kChannels);
  return simt::launch(conv2d_kernel<Tile, Gather>,
                      {grid_1d(blocks), Tile::kThreads, sizeof(Conv2dSmem<Tile>), stream}, gather);
}

template <class Gather>
cudaError_t launch_gather(cudaStream_t stream, const Gather& gather, int64_t channels,
                          int64_t pixels) {
  return is_narrow_conv2d(channels)
             ? launch_gather<NarrowConv2dTile>(stream, gather, channels, pixels)
             : launch_gather<WideConv2dTile>(stream, gather, channels, pixels);
}

// The two stages of a sum over output pixels: `columns` sums, of which a block makes a tile.
class PixelSum {
 public:
  PixelSum(const Conv2dShape& s, int64_t tiles, int64_t columns)
      : tiles_(tiles), columns_(columns) {
    const int64_t pixels = s.n * s.out_h * s.out_w;
    chunk_pixels_ = conv2d_chunk_pixels(pixels, tiles);
    chunks_ = ceil_div(pixels, chunk_pixels_);
  }

  static PixelSum weight(const Conv2dShape& s) {
    using Tile = Conv2dWeightTile;
    const int64_t taps = s.c * s.kernel_h * s.kernel_w;
    return {s, ceil_div(s.out, Tile::kOutputs) * ceil_div(taps, Tile::kTaps), s.out * taps};
  }
  static PixelSum bias(const Conv2dShape& s) { return {s, s.out, s.out}; }

  size_t partial_bytes() const { return align_up(chunks_ * columns_ * sizeof(float)); }
  size_t workspace() const { return partial_bytes() + column_sum_workspace(chunks_, columns_); }

  template <class Tile>
  cudaError_t launch(void (*kernel)(Conv2dBackwardArgs, int64_t, float*), size_t shared_bytes,
                     const Exec& exec, const Conv2dBackwardArgs& a, float* out) const {
    WorkspaceLayout layout(exec.workspace);
    float* const partial = layout.floats(chunks_ * columns_);
    void* const rest = layout.bytes(column_sum_workspace(chunks_, columns_));
    SSLCUDA_TRY(simt::launch(
        kernel, {grid_1d(chunks_ * tiles_), Tile::kThreads, shared_bytes, stream_of(exec)}, a,
        chunk_pixels_, partial));
    return launch_column_sum(stream_of(exec), rest, partial, chunks_, columns_, out);
  }

 private:
  int64_t tiles_, columns_, chunk_pixels_, chunks_;
};

}  // namespace

int conv2d_forward(const Exec& exec, const Conv2dForwardArgs& a) {
  const Conv2dShape& s = a.shape;
  return launch_gather(stream_of(exec), Conv2dForwardGather{a}, s.out, s.n * s.out_h * s.out_w);
}

size_t conv2d_backward_workspace(const Conv2dBackwardArgs& a) {
  return std::max(a.grad_weight ? PixelSum::weight(a.shape).workspace() : 0,
                  a.grad_bias ? PixelSum::bias(a.shape).workspace() : 0);
}

int conv2d_backward(const Exec& exec, const Conv2dBackwardArgs& a) {
  const Conv2dShape& s = a.shape;
  if (a.grad_x) {
    SSLCUDA_TRY(launch_gather(stream_of(exec), Conv2dBackwardGather{a}, s.c, s.n * s.h * s.w));
  }
  if (a.grad_weight) {
    using Tile = Conv2dWeightTile;
    SSLCUDA_TRY(PixelSum::weight(s).launch<Tile>(
        conv2d_weight_kernel<Tile>, sizeof(Conv2dWeightSmem<Tile>), exec, a, a.grad_weight));
  }
  if (!a.grad_bias) return cudaSuccess;
  return PixelSum::bias(s).launch<Conv2dBiasTile>(conv2d_bias_kernel<Conv2dBiasTile>,
                                                  sizeof(BlockReduceSmem), exec, a, a.grad_bias);
}

}  // namespace sslcuda::cuda
