// gemm.cu - stored products: workspace, and the way to the kernels of a dtype.
#include "kernels/cuda/gemm/gemm.hpp"

#include "kernels/cuda/gemm/gemm_as.hpp"
#include "kernels/cuda/gemm/gemm_plan.hpp"

namespace sslcuda::cuda {

// Enough for either loop: which one it will be depends on the alignment of pointers that are not
// known yet when a workspace is planned.
size_t gemm_workspace(const Product& p) {
  if (p.m == 0 || p.n == 0) return 0;
  const int64_t splits = std::max(plan_splits_sm80(p).splits,
                                  element_size(p.dtype) == 2 ? plan_splits_sm90(p).splits : 1);
  return splits > 1 ? align_up(splits * p.m * p.n * sizeof(float)) : 0;
}

cudaError_t gemm(cudaStream_t stream, void* workspace, const Product& p, const GemmOutput& output) {
  return visit_dtype(p.dtype, [&](auto number) {
    return gemm_as<decltype(number)>(stream, workspace, p, output);
  });
}

}  // namespace sslcuda::cuda
