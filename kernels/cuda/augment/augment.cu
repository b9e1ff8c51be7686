// augment.cu - launches: a thread per view, then a block per tile.
#include "kernels/cuda/augment/augment.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

size_t augment_workspace(const AugmentArgs& a) {
  return align_up(static_cast<size_t>(a.views * a.n) * sizeof(AugmentView));
}

int augment(const Exec& exec, const AugmentArgs& a) {
  using Tile = AugmentTile;
  const auto views = static_cast<AugmentView*>(exec.workspace);
  const int64_t images = a.views * a.n;
  const int64_t tiles = images * a.c * ceil_div(a.h, Tile::kSide) * ceil_div(a.w, Tile::kSide);
  SSLCUDA_TRY(simt::launch(
      draw_views_kernel<Tile>,
      {grid_1d(ceil_div(images, Tile::kThreads)), Tile::kThreads, 0, stream_of(exec)}, a, views));
  return simt::launch(augment_kernel<Tile>,
                      {grid_1d(tiles), Tile::kThreads, sizeof(AugmentSmem<Tile>), stream_of(exec)},
                      a, static_cast<const AugmentView*>(views), tiles);
}

}  // namespace sslcuda::cuda
