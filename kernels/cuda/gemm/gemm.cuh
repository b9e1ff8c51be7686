// gemm.cuh - products with a plug-in epilogue: the choice between the main loops.
//
// An epilogue gets the tile of results (result_tile.cuh) from all threads that share it, once per
// tile and share of the summation:
//   struct SomeEpilogue {
//     static constexpr bool kAnyLayout;  // false: only ever for a [m, k], b [n, k] (transpose_b)
//     static constexpr bool kAnyTile;    // optional, true: of no matter what shape tiles are
//     static constexpr bool kManyRegisters;  // optional, true: leaves large tiles one block an SM
//     static constexpr bool kManyRegistersInTf32;  // optional, the same for TF32 alone
//     template <class Tile> __device__ void operator()(Tile& tile) const;
//   };
#pragma once

#include "kernels/cuda/gemm/gemm_plan.hpp"
#include "kernels/cuda/gemm/gemm_sm80.cuh"

namespace sslcuda::cuda {

// Number: of p.dtype; plan: of plan_product(), or one share.
template <class Number, class Epilogue>
cudaError_t launch_product_as(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                              const Epilogue& epilogue) {
  if (p.m == 0 || p.n == 0) return cudaSuccess;
  if constexpr (SSLCUDA_WITH_SM90A && sizeof(typename Number::Storage) == 2) {
    if (suits_sm90(p)) return launch_product_sm90<Number>(stream, p, plan, epilogue);
  }
  return launch_product_sm80<Number>(stream, p, plan, epilogue);
}

// Empty results launch nothing; k = 0 makes sums of 0.
template <class Epilogue>
cudaError_t launch_product(cudaStream_t stream, const Product& p, const Epilogue& epilogue) {
  return visit_dtype(p.dtype, [&](auto number) {
    return launch_product_as<decltype(number)>(stream, p, {1, p.k}, epilogue);
  });
}

}  // namespace sslcuda::cuda
