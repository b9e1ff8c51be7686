// cross_entropy.cu - choice of tile and launches: count of valid rows, rows, mean.
#include "kernels/cuda/cross_entropy/cross_entropy.cuh"

#include "kernels/cuda/cross_entropy/cross_entropy_tile.hpp"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

namespace {

struct CrossEntropyWorkspace {
  CrossEntropyWorkspace(const CrossEntropyArgs& a, void* base) {
    WorkspaceLayout layout(base);
    row_loss = a.loss && !a.row_loss ? layout.floats(a.n) : a.row_loss;
    n_valid = a.labels ? layout.floats(1) : nullptr;
    used = layout.used();
  }

  float *row_loss, *n_valid;
  size_t used;
};

template <class Tile>
cudaError_t launch_rows(cudaStream_t stream, const CrossEntropyArgs& a,
                        const CrossEntropyWorkspace& w) {
  return simt::launch(cross_entropy_kernel<Tile>,
                      {grid_1d(a.n), Tile::kThreads, sizeof(BlockReduceSmem), stream}, a,
                      w.row_loss, w.n_valid);
}

}  // namespace

size_t cross_entropy_workspace(const CrossEntropyArgs& a) {
  return CrossEntropyWorkspace(a, nullptr).used;
}

int cross_entropy(const Exec& exec, const CrossEntropyArgs& a) {
  const cudaStream_t stream = stream_of(exec);
  const CrossEntropyWorkspace w(a, exec.workspace);
  if (a.labels) {
    SSLCUDA_TRY(simt::launch(
        count_valid_kernel<CountValidTile>,
        {grid_1d(1), CountValidTile::kThreads, sizeof(BlockReduceSmem), stream}, a, w.n_valid));
  }
  SSLCUDA_TRY(is_narrow_cross_entropy(a.v) ? launch_rows<NarrowCrossEntropyTile>(stream, a, w)
                                           : launch_rows<WideCrossEntropyTile>(stream, a, w));
  if (!a.loss) return cudaSuccess;
  const float factor = a.labels ? 1.0f : 1.0f / static_cast<float>(a.n);
  return launch_sum(stream, w.row_loss, a.n, {factor, w.n_valid}, a.loss);
}

}  // namespace sslcuda::cuda
