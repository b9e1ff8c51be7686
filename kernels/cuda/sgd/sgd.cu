// sgd.cu - launches: as many blocks as all tensors have chunks; LARS finds its ratios first.
#include "kernels/cuda/sgd/sgd.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {
namespace {

struct LarsWorkspace {
  Squares* squares;  // of each chunk
  float* ratios;     // of each tensor
  size_t bytes;
};

LarsWorkspace lars_workspace(const SgdArgs& a, void* base) {
  WorkspaceLayout layout(base);
  const int64_t chunks = chunks_of<SquaresTile>(a.list);
  const auto squares = static_cast<Squares*>(layout.bytes(chunks * sizeof(Squares)));
  float* const ratios = layout.floats(a.list.tensors);
  return {squares, ratios, layout.used()};
}

cudaError_t find_ratios(const Exec& exec, const SgdArgs& a, const LarsWorkspace& work) {
  using Tile = SquaresTile;
  const dim3 chunks = grid_1d(chunks_of<Tile>(a.list)), tensors = grid_1d(a.list.tensors);
  SSLCUDA_TRY(simt::launch(squares_kernel<Tile>,
                           {chunks, Tile::kThreads, sizeof(SquaresSmem), stream_of(exec)}, a,
                           work.squares));
  return simt::launch(trust_ratio_kernel<Tile>,
                      {tensors, Tile::kThreads, sizeof(SquaresSmem), stream_of(exec)}, a,
                      static_cast<const Squares*>(work.squares), work.ratios);
}

}  // namespace

size_t sgd_step_workspace(const SgdArgs& a) {
  return a.trust == 0 ? 0 : lars_workspace(a, nullptr).bytes;
}

int sgd_step(const Exec& exec, const SgdArgs& a) {
  const float* ratios = nullptr;
  if (a.trust != 0) {
    const LarsWorkspace work = lars_workspace(a, exec.workspace);
    SSLCUDA_TRY(find_ratios(exec, a, work));
    ratios = work.ratios;
  }
  const dim3 grid = grid_1d(chunks_of<SgdTile>(a.list));
  return simt::launch(sgd_step_kernel<SgdTile>, {grid, SgdTile::kThreads, 0, stream_of(exec)}, a,
                      ratios);
}

}  // namespace sslcuda::cuda
