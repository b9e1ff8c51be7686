// conv2d.cu - choice between direct sums and matrix products, of tiles, and launches.
#include "kernels/cuda/conv2d/conv2d.cuh"

#include "kernels/cuda/conv2d/conv2d_factors.hpp"
#include "kernels/cuda/conv2d/conv2d_product.hpp"
#include "kernels/cuda/conv2d/conv2d_tile.hpp"
#include "kernels/cuda/conv2d/conv2d_weight.cuh"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.cuh"

namespace sslcuda::cuda {

namespace {

template <class Tile, bool kMasked>
cudaError_t launch_direct(cudaStream_t stream, const Conv2dSum& p) {
  const int64_t blocks = ceil_div(p.source.extent.count, Tile::kThreads) *
                         ceil_div(p.result.channels, Tile::kChannels);
  return simt::launch(conv2d_kernel<Tile, kMasked>,
                      {grid_1d(blocks), Tile::kThreads, sizeof(Conv2dSmem<Tile>), stream}, p);
}

template <bool kMasked>
cudaError_t launch_direct(cudaStream_t stream, const Conv2dSum& p) {
  return is_narrow_conv2d(p.result.channels) ? launch_direct<NarrowConv2dTile, kMasked>(stream, p)
                                             : launch_direct<WideConv2dTile, kMasked>(stream, p);
}

cudaError_t launch_direct_forward(cudaStream_t stream, const Conv2dForwardArgs& a) {
  const Conv2dShape& s = a.shape;
  return launch_direct<false>(stream, {input_factor<int64_t>(s, a.x),
                                       a.weight,
                                       taps_of(s),
                                       s.kernel_h * s.kernel_w,
                                       {a.y, s.out, s.out_h * s.out_w, a.bias, a.activation}});
}

cudaError_t launch_direct_grad_x(cudaStream_t stream, const Conv2dBackwardArgs& a) {
  const Conv2dShape& s = a.shape;
  const Conv2dSum p{gradient_factor<int64_t>(a),
                    a.weight,
                    s.kernel_h * s.kernel_w,
                    taps_of(s),
                    {a.grad_x, s.c, s.h * s.w, nullptr, Activation::kNone}};
  return a.activation == Activation::kNone ? launch_direct<false>(stream, p)
                                           : launch_direct<true>(stream, p);
}

// How sums over output pixels are cut up: `columns` sums, of which a block makes a tile.
struct PixelSum {
  PixelSum(const Conv2dShape& s, int64_t blocks, int64_t sums) : tiles(blocks), columns(sums) {
    const int64_t pixels = output_pixels(s);
    chunk_pixels = conv2d_chunk_pixels(pixels, tiles);
    chunks = ceil_div(pixels, chunk_pixels);
  }

  size_t partial_bytes() const { return align_up(chunks * columns * sizeof(float)); }
  size_t workspace() const { return partial_bytes() + column_sum_workspace(chunks, columns); }

  // Adds up partial[chunk, columns], with which the workspace begins.
  cudaError_t finish(const Exec& exec, float* out) const {
    void* const rest = static_cast<unsigned char*>(exec.workspace) + partial_bytes();
    return launch_column_sum(stream_of(exec), rest, exec.workspace, chunks, columns, out);
  }

  int64_t tiles, columns, chunk_pixels, chunks;
};

PixelSum product_sum(const Conv2dShape& s) {
  const int64_t taps = taps_of(s);
  return {s, count_tiles<Conv2dProductTile>(s.out, taps), s.out * taps};
}

// Of the weights, and of the bias where that is wanted too.
PixelSum weight_sum(const Conv2dBackwardArgs& a) {
  using Tile = Conv2dWeightTile;
  const Conv2dShape& s = a.shape;
  const int64_t columns = taps_of(s) + (a.grad_bias ? 1 : 0);
  return {s, ceil_div(s.out, Tile::kOutputs) * ceil_div(columns, Tile::kTaps), s.out * columns};
}

PixelSum bias_sum(const Conv2dShape& s) { return {s, s.out, s.out}; }

cudaError_t launch_grad_weight_product(const Exec& exec, const Conv2dBackwardArgs& a) {
  const PixelSum sum = product_sum(a.shape);
  SSLCUDA_TRY(launch_product_grad_weight(stream_of(exec), a, sum.chunk_pixels,
                                         static_cast<float*>(exec.workspace)));
  return sum.finish(exec, a.grad_weight);
}

cudaError_t launch_grad_weight_and_bias(const Exec& exec, const Conv2dBackwardArgs& a) {
  using Tile = Conv2dWeightTile;
  const PixelSum sum = weight_sum(a);
  const cudaStream_t stream = stream_of(exec);
  const auto partial = static_cast<float*>(exec.workspace);
  const Conv2dWeightSum p{a, input_factor<int64_t>(a.shape, a.x), sum.chunk_pixels};
  SSLCUDA_TRY(simt::launch(
      conv2d_weight_kernel<Tile>,
      {grid_1d(sum.chunks * sum.tiles), Tile::kThreads, sizeof(Conv2dWeightSmem<Tile>), stream}, p,
      partial));
  const Conv2dGradientSink sink{a.grad_weight, a.grad_bias, taps_of(a.shape)};
  return launch_column_chunks(stream, static_cast<const float*>(partial), sum.chunks, sum.columns,
                              sum.chunks, sink);
}

cudaError_t launch_grad_bias(const Exec& exec, const Conv2dBackwardArgs& a) {
  using Tile = Conv2dBiasTile;
  const PixelSum sum = bias_sum(a.shape);
  SSLCUDA_TRY(simt::launch(
      conv2d_bias_kernel<Tile>,
      {grid_1d(sum.chunks * sum.tiles), Tile::kThreads, sizeof(BlockReduceSmem), stream_of(exec)},
      a, sum.chunk_pixels, static_cast<float*>(exec.workspace)));
  return sum.finish(exec, a.grad_bias);
}

cudaError_t launch_grad_x(cudaStream_t stream, const Conv2dBackwardArgs& a) {
  const Conv2dShape& s = a.shape;
  if (suits_conv2d_product(s, s.c, s.out * s.kernel_h * s.kernel_w)) {
    return launch_product_grad_x(stream, a);
  }
  return launch_direct_grad_x(stream, a);
}

}  // namespace

int conv2d_forward(const Exec& exec, const Conv2dForwardArgs& a) {
  const Conv2dShape& s = a.shape;
  const cudaStream_t stream = stream_of(exec);
  if (suits_conv2d_product(s, s.out, taps_of(s))) {
    return launch_product_forward(stream, a);
  }
  return launch_direct_forward(stream, a);
}

size_t conv2d_backward_workspace(const Conv2dBackwardArgs& a) {
  const bool is_product = suits_conv2d_weight_product(a.shape);
  const size_t weight = is_product ? product_sum(a.shape).workspace() : weight_sum(a).workspace();
  return std::max(a.grad_weight ? weight : 0, a.grad_bias ? bias_sum(a.shape).workspace() : 0);
}

int conv2d_backward(const Exec& exec, const Conv2dBackwardArgs& a) {
  if (a.grad_x) SSLCUDA_TRY(launch_grad_x(stream_of(exec), a));
  if (a.grad_weight && !suits_conv2d_weight_product(a.shape)) {
    return launch_grad_weight_and_bias(exec, a);
  }
  if (a.grad_weight) SSLCUDA_TRY(launch_grad_weight_product(exec, a));
  return a.grad_bias ? launch_grad_bias(exec, a) : cudaSuccess;
}

}  // namespace sslcuda::cuda
