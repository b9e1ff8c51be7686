// conv2d_product.cu - the factors of each product, and launches.
#include "kernels/cuda/conv2d/conv2d_product.hpp"

#include <utility>

#include "kernels/cuda/conv2d/conv2d_factors.hpp"
#include "kernels/cuda/conv2d/conv2d_product.cuh"

namespace sslcuda::cuda {
namespace {

using Tile = Conv2dProductTile;

template <class A, class B, class Product>
cudaError_t launch(cudaStream_t stream, const Product& p) {
  using Config = Conv2dProductConfig<A, B>;
  dim3 grid = grid_1d(count_tiles<Tile>(p.m, p.n));
  grid.y = static_cast<unsigned>(ceil_div(p.k, p.split_depth));
  return simt::launch(conv2d_product_kernel<Config, Product>,
                      {grid, Tile::kThreads, sizeof(typename Config::Smem), stream}, p);
}

template <bool kMasked>
cudaError_t launch_grad_x(cudaStream_t stream, const Conv2dBackwardArgs& a) {
  const Conv2dShape& s = a.shape;
  const int64_t window = s.kernel_h * s.kernel_w, k = s.out * window;
  const auto height = static_cast<int>(s.kernel_h), width = static_cast<int>(s.kernel_w);
  const Conv2dFactor<int> weight{a.weight,
                                 nullptr,
                                 channel_axis<int>(s.c, window),
                                 planes_axis<int>(s.out, height, width, s.c * window),
                                 height,
                                 width};
  using A = Conv2dOperand<Tile, Tile::kRows, true, false>;
  using B = Conv2dOperand<Tile, Tile::kColumns, false, kMasked>;
  const Conv2dProduct<Conv2dFactor<int>, Conv2dStore> product{
      s.c,
      s.n * s.h * s.w,
      k,
      k,
      weight,
      gradient_factor<int>(a),
      {{a.grad_x, s.c, s.h * s.w, nullptr, Activation::kNone}}};
  return launch<A, B>(stream, product);
}

template <bool kMasked>
cudaError_t launch_grad_weight(cudaStream_t stream, const Conv2dBackwardArgs& a,
                               int64_t chunk_pixels, float* partial) {
  const Conv2dShape& s = a.shape;
  const int64_t area = s.out_h * s.out_w;
  Conv2dFactor<int> x = input_factor<int>(s, a.x);
  std::swap(x.extent, x.depth);  // pixels are summed over
  const Conv2dFactor<int> g{a.grad_y,
                            a.y,
                            channel_axis<int>(s.out, area),
                            planes_axis<int>(s.n, s.out_h, s.out_w, s.out * area),
                            static_cast<int>(s.out_h),
                            static_cast<int>(s.out_w)};
  using A = Conv2dOperand<Tile, Tile::kRows, true, kMasked>;
  using B = Conv2dOperand<Tile, Tile::kColumns, true, false>;
  const Conv2dProduct<Conv2dFactor<int>, Conv2dPartialStore> product{
      s.out, taps_of(s), output_pixels(s), chunk_pixels, g, x, {partial}};
  return launch<A, B>(stream, product);
}

}  // namespace

cudaError_t launch_product_forward(cudaStream_t stream, const Conv2dForwardArgs& a) {
  const Conv2dShape& s = a.shape;
  const int64_t taps = taps_of(s);
  using B = Conv2dOperand<Tile, Tile::kColumns, false, false>;
  const Conv2dProduct<StoredFactor, Conv2dStore> product{
      s.out,
      output_pixels(s),
      taps,
      taps,
      {a.weight, taps, s.out},
      input_factor<int>(s, a.x),
      {{a.y, s.out, s.out_h * s.out_w, a.bias, a.activation}}};
  return launch<StoredOperand<Tile>, B>(stream, product);
}

cudaError_t launch_product_grad_x(cudaStream_t stream, const Conv2dBackwardArgs& a) {
  return a.activation == Activation::kNone ? launch_grad_x<false>(stream, a)
                                           : launch_grad_x<true>(stream, a);
}

cudaError_t launch_product_grad_weight(cudaStream_t stream, const Conv2dBackwardArgs& a,
                                       int64_t chunk_pixels, float* partial) {
  return a.activation == Activation::kNone
             ? launch_grad_weight<false>(stream, a, chunk_pixels, partial)
             : launch_grad_weight<true>(stream, a, chunk_pixels, partial);
}

}  // namespace sslcuda::cuda
