// linear_mse.cu - the last layer and its loss as one product, whose epilogue leaves one partial sum
// of squares for each tile; a second launch of one block adds these up in a fixed order.
#include "kernels/cuda/gemm/gemm.cuh"
#include "kernels/cuda/linear/squared_error.cuh"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

// Room for as many tiles as there can be: which loop it will be depends on the alignment of
// pointers that are not known yet when a workspace is planned.
size_t linear_mse_workspace(const LinearMseArgs& a) {
  return a.loss ? count_tiles<SmallTile>(a.n, a.out) * sizeof(float) : 0;
}

int linear_mse(const Exec& exec, const LinearMseArgs& a) {
  const Product p{a.dtype, false, true, a.n, a.out, a.in, a.x, a.in, a.weight, a.in};
  const auto partial = a.loss ? static_cast<float*>(exec.workspace) : nullptr;
  SSLCUDA_TRY(visit_dtype(a.dtype, [&](auto number) {
    using Number = decltype(number);
    const SquaredError<typename Number::Storage> epilogue{a, partial};
    return launch_product_as<Number>(stream_of(exec), p, {1, p.k}, epilogue);
  }));
  if (!a.loss) return cudaSuccess;
  const TileShape tile = product_tile(p);
  const int64_t tiles = ceil_div(a.n, tile.rows) * ceil_div(a.out, tile.columns);
  return launch_sum(stream_of(exec), partial, tiles, {1.0f / static_cast<float>(a.n * a.out)},
                    a.loss);
}

}  // namespace sslcuda::cuda
