// gemm_as.cuh - gemm() of one dtype: sums that few tiles would leave to few blocks are split, and
// the partial sums added up by a kernel of their own.
#pragma once

#include "kernels/cuda/gemm/gemm.cuh"
#include "kernels/cuda/gemm/gemm_as.hpp"
#include "kernels/cuda/gemm/store.cuh"

namespace sslcuda::cuda {

template <class Number, class Out>
cudaError_t gemm_to(cudaStream_t stream, void* workspace, const Product& p,
                    const GemmOutput& output) {
  using T = typename Number::Storage;
  const Finish<T, Out> finish{output};
  const SplitPlan plan = plan_product(p);
  if (plan.splits == 1) {
    return launch_product_as<Number>(stream, p, plan, Store<T, Out>{finish});
  }
  const auto partial = static_cast<float*>(workspace);
  const GemmOutput partial_sums{.c = partial, .ldc = p.n};
  SSLCUDA_TRY(
      launch_product_as<Number>(stream, p, plan, Store<T, float>{Finish<T, float>{partial_sums}}));
  const int lanes = row_lanes(p.n);
  return simt::launch(merge_splits_kernel<T, Out>, row_launch(p.m, lanes, stream), p.m, p.n,
                      static_cast<const float*>(partial), plan.splits, lanes, finish);
}

template <class Number>
cudaError_t gemm_as(cudaStream_t stream, void* workspace, const Product& p,
                    const GemmOutput& output) {
  using T = typename Number::Storage;
  if (output.is_float) return gemm_to<Number, float>(stream, workspace, p, output);
  return gemm_to<Number, T>(stream, workspace, p, output);
}

}  // namespace sslcuda::cuda
