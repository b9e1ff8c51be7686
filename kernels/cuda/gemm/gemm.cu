// gemm.cu - choice of tile, layout and splits, and the launches.
#include "kernels/cuda/gemm/gemm.cuh"

#include "kernels/cuda/gemm/gemm_tile.hpp"

namespace sslcuda::cuda {

namespace {

template <class Tile, GemmLayout kLayout, class Epilogue>
cudaError_t launch_tiles(cudaStream_t stream, const Gemm& g, const GemmPlan& plan,
                         const Epilogue& epilogue) {
  dim3 grid = grid_1d(gemm_tiles<Tile>(g.m, g.n));
  grid.y = static_cast<unsigned>(plan.splits);
  return simt::launch(gemm_kernel<Tile, kLayout, Epilogue>,
                      {grid, Tile::kThreads, sizeof(GemmSmem<Tile, kLayout>), stream}, g,
                      plan.split_depth, epilogue);
}

template <GemmLayout kLayout, class Epilogue>
cudaError_t run(cudaStream_t stream, void* workspace, const Gemm& g, const Epilogue& epilogue) {
  const GemmPlan plan = plan_gemm(g.m, g.n, g.k);
  if (plan.large) return launch_tiles<LargeGemmTile, kLayout>(stream, g, plan, epilogue);
  if (plan.splits == 1) return launch_tiles<SmallGemmTile, kLayout>(stream, g, plan, epilogue);
  Gemm parts = g;
  parts.c = static_cast<float*>(workspace);
  parts.ldc = g.n;
  SSLCUDA_TRY(launch_tiles<SmallGemmTile, kLayout>(stream, parts, plan, StoreProduct{}));
  const int lanes = row_lanes(g.n);
  return simt::launch(gemm_merge_kernel<Epilogue>, row_launch(g.m, lanes, stream), g, parts.c,
                      plan.splits, lanes, epilogue);
}

}  // namespace

size_t gemm_workspace(int64_t m, int64_t n, int64_t k) {
  const GemmPlan plan = plan_gemm(m, n, k);
  return plan.splits > 1 ? align_up(plan.splits * m * n * sizeof(float)) : 0;
}

cudaError_t gemm(cudaStream_t stream, void* workspace, const Gemm& g, const BiasActivation& how) {
  return run<GemmLayout::kNT>(stream, workspace, g, ApplyBiasActivation{how});
}

cudaError_t gemm(cudaStream_t stream, void* workspace, const Gemm& g, const Divide& how) {
  const ApplyDivide epilogue{how};
  switch (g.layout) {
    case GemmLayout::kNN:
      return run<GemmLayout::kNN>(stream, workspace, g, epilogue);
    case GemmLayout::kNT:
      return run<GemmLayout::kNT>(stream, workspace, g, epilogue);
    default:
      return run<GemmLayout::kTN>(stream, workspace, g, epilogue);
  }
}

}  // namespace sslcuda::cuda
